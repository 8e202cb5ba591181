"""The worker: a Faust app that scores live readings and publishes alerts.

``commands``, ``checks``, ``app``
    the command line, what is looked at before the start, and where all is put together

For each batch of readings:

``reader``
    brings it from Kafka, and commits it when it is done
``agent`` (``records``, ``counts``)
    works it off: judged, delivered, done
``traces``, ``otlp``
    for whoever follows it: what became of it, and how long that took
``oddity_log``
    what was refused, or odd
``keeper``, ``snapshots``
    the state of the machines, kept in Kafka
``recovery`` (``told_alerts``)
    takes the state of a partition up from there, and from its log
``suspicion``
    which reading ends the worker, if one does

Beside the stream:

``thresholds`` (``model_thresholds``)
    a copy of what people want of thresholds
``model_watch``, ``model_shelf``
    which models they want, and the bundles of these
``last_good``
    the last good value of either, where an entry cannot be read
``rehearsals``, ``rehearsal``
    machines go over to another model without a stop
``housekeeping``
    what has to be told though no reading comes
``memory``
    what a batch takes, the next one takes again
``health``, ``web`` (``metrics``, ``stream_metrics``)
    is it at work? and who is told

Once in a group (``sole_service``):

``book``, ``bookkeeper``
    who keeps the alert book, and how: alerts and commands in, states and replies out
``figures``
    the figures of the trailing days
``notify`` -> ``alertmanager``, ``webhook`` (``delivery``, ``alert_log``)
    tells others of alerts

Never in the worker, but beside it:

``shell``
    the commands by which operators change what the worker does, and see what it did

At least once: a batch is done only after everything that came of it was delivered.
"""
