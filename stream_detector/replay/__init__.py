"""Recorded readings: read from files and run through the pipeline the worker uses.

A recording, from a file or from Kafka's log; training, replaying and publishing all read it
through here, so that a file means the same everywhere:

``options``
    which file to read and how, as command-line options
``table`` -> ``columns`` (``times``, ``far_cells``)
    a file -> columns of text -> what they mean
``tags``
    units and physical limits of the sensors
``recording`` (``pace``, ``outcomes``)
    the readings of one machine as arrays, how fast they come, and what was labelled
``log_range`` (``places``, ``time_range``)
    what of Kafka's log to read, as command-line options
``kafka_range`` -> ``kafka_recording``
    that range, and the same as a recording

What is done with it:

``commands``
    the command line
``threshold_options``
    by which thresholds to judge
``notes``
    in what a recording differs from what the model knows
``records`` -> ``replaying``
    a recording as messages -> through the pipeline
``restarting``
    the same with restarts in between, as a worker goes through them
``faults``, ``fault_injection``, ``fault_drill``, ``fault_report``
    how a feed fails, that played on a recording, and what it brings
``kafka_alert``, ``alert_again``
    an alert of Kafka's, judged again
``publish``
    a recording into Kafka, faster than it was recorded
``output``, ``progress``
    the files that come out, and what is shown until then
"""
