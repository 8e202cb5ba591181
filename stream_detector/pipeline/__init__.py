"""Bytes in, bytes out: decode, detect, alert, encode. No Kafka, no Redis, no clock.

The worker feeds the pipeline from Kafka, ``replay`` from a file. It is the same code,
so the alerts of a recording are the same, byte for byte.

``readings`` turns messages into readings or refuses them, ``thresholds`` holds what
people want of each machine, ``machine`` judges one machine's readings, ``messages`` is
what other programs read, ``pipeline`` the whole.
"""
