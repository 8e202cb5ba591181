"""The sandbox: all that a demo and the tests need, without a plant and without servers.

``embedded_kafka`` (a ``mock_cluster``) and ``embedded_redis`` are servers that came with
installed packages (``wheels``), in processes of their own that keep everything in memory
and die with the process that started them (``child`` and ``launcher`` see to that).
``paper_machine`` invents the readings: a simulated paper machine with drifting sensors,
grades and sheet breaks (``paper_sensors`` is its list of instruments, ``paper_events``
its calendar); ``simulate`` writes them to a file. The folder ``demo`` plays all of it in
five phases. The sandbox starts the other programs as processes and imports none of them.
"""
