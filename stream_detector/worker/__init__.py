"""The worker: a Faust app that scores live readings and publishes alerts.

``app`` puts it together, ``reader`` brings batches from Kafka, ``agent`` works them
off, ``recovery`` brings the state of a partition to where its log stands,
``thresholds`` keeps a copy of what people want, ``watchdog`` looks whether Kafka is
still there, ``checks`` at everything before the start.

At least once: a batch is done only after everything that came of it was delivered.
"""
