"""Bytes in, bytes out: decode, detect, alert, encode. No Kafka, no Redis, no clock.

The worker feeds the pipeline from Kafka, ``replay`` from a file. It is the same code,
so the alerts of a recording are the same, byte for byte. From a message to another:

``readings`` (``names``, ``json_depth``, ``lenient_json``)
    messages -> readings, or the reason why not
``oddities``
    what is no reason to refuse a message, but should not be
``thresholds``, ``model_choice``
    what people want of each machine: its threshold, and its model
``models``, ``model_at_work``
    which model judges which machine, and what reads, scores and tells for it
``agreement``, ``try_out``
    whether a model fits the rules and the sensors, and whether it runs at all
``machines``, ``machine``, ``judge``
    the readings of each machine, scored -> held against the threshold -> alerts
``announcer``, ``contributors``, ``messages``
    verdicts -> what other programs read, and the sensors that are named there
``pipeline``
    all of it: records in, records out
``score_streams``
    what was told of scores, read again by whoever compares models
"""
