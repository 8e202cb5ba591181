"""The worker: a Faust app that scores live readings and publishes alerts.

``checks`` looks at everything before the start, ``app`` puts it together. Then, for each
batch of readings:

``reader``
    brings it from Kafka, and commits it when it is done
``agent``
    works it off: judged, delivered, done
``thresholds``
    a copy of what people want, kept beside the stream
``keeper``, ``snapshots``
    the state of the machines, kept in Kafka
``recovery``
    takes the state of a partition up from there, and from its log
``suspicion``
    which reading ends the worker, if one does
``book``, ``bookkeeper``
    who keeps the alert book, and how: alerts and commands in, states and replies out
``housekeeping``
    what has to be told though no reading comes
``health``, ``web``
    is it at work? and who is told

At least once: a batch is done only after everything that came of it was delivered.
"""
