"""Recorded readings: read from files and run through the pipeline the worker uses.

``recording`` is the one reader of CSV and Parquet files, ``options`` its command-line
options; training, replaying and publishing all read through them, so that a file means
the same everywhere. ``table`` turns a file into columns of text, ``columns`` gives the
text its meaning, ``tags`` reads units and physical limits.
``faults`` says how a feed fails, ``fault_injection`` plays that on a recording.
"""
