"""The journal: tag rows on disk, for sources that forget what they have handed over.

``keeping``
    what a source told is acknowledged when the journal has it
``journal``, ``faults``
    the rows on disk, with offsets, and what the disk has against it
``journaled``
    what comes back from it
``delivery``
    its rows -> readings and dead letters on Kafka
``bridge``
    a source, a journal and a delivery, run together
"""
