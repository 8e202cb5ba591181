"""From readings to scores: numpy and plain values, no I/O, no clock.

The story of one reading, module by module:

``features``
    which sensors a model knows, in which order, with units and physical limits
``reading``
    all sensor values of one machine at one instant
``feed_health``, ``feed_check``
    which of its values are missing, stuck, or frozen? what can still be judged?
``conditioning``
    scaling, the place of missing values, the deviation from the running mean
``window``
    the last readings of a run, as the model wants them
``rounds``, ``packed``
    how the machines of a batch advance at once, and their rows become arrays
``scoring``, ``contributions``
    part scores -> how surprising each is -> one score, and each sensor's share of it
``head``, ``head_memory``
    how much the run's last readings look like those before an outcome, where such are labelled
``threshold``
    the level above which a score is anomalous, and the controller that keeps to an alarm budget
``intake``
    which readings enter, in time's order, and as what rows: the part that training shares
``detector``
    all of it, for a batch of readings of many machines
``scored``, ``state``
    what it says of one reading, and what it remembers of one machine

Every matrix product is done by the model's graph (a
:class:`~stream_detector.detection.detector.Graph`, passed in), because only there a row
gets the same bits in any batch. What is left here is elementwise, or a sum along one row.
"""
