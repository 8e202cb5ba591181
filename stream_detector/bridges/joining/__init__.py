"""The rows of a log -> wide readings, on event time: no client, no clock.

``mapping``, ``units``
    which tag is which sensor of which machine, and in what unit
``timing``
    when a machine's readings are made, and how long a value counts
``machine_rows``
    the rows of one machine, on the grid of its cadence
``aligner``
    those of all machines
``readings``
    what comes out: all sensors of a machine at one instant
``rewind``
    how far back the log has to be read to go on as if nothing had happened
"""
