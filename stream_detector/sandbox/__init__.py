"""The sandbox: all that a demo and the tests need, without a plant and without servers.

``embedded_kafka`` and ``embedded_redis`` are real servers from wheels, in processes of
their own that keep everything in memory and die with the process that started them
(``child`` and ``launcher`` see to that). ``paper_machine`` invents the readings: a
simulated paper machine with drifting sensors, grades and sheet breaks (``paper_sensors``
is its list of instruments, ``paper_events`` its calendar); ``simulate`` writes them to
a file. The sandbox starts the other programs as processes and imports none of them.

``demo`` plays all of it in five phases. ``demo_recording`` is what it trains on and
streams, ``demo_crew`` its child processes, ``demo_signals`` how it is stopped,
``demo_feed`` the pace of the machine, ``demo_outputs`` what the worker sends. All that
becomes a ``demo_story`` with its ``demo_labels``, shown by ``demo_view`` (``demo_lines``
and ``demo_picture``, in ``demo_words``) and judged by ``demo_scorecard``.
"""
