"""A machine's history in, a bundle out: the only home of TensorFlow, pandas and plots.

``run`` reads like the recipe: ``history`` splits a recording by time and labels it,
``training_rows`` takes the earlier part through the intake of live readings (``intake``) and
keeps its normal rows, ``crossfit`` fits the parts of the score and scores every training
row by parts that never saw it, ``calibration`` makes thresholds of that, ``evaluation``
replays the part kept back through the live code, ``report`` shows what came of it.

The mathematics that the worker needs too is imported from ``stream_detector``.
"""
