"""The sandbox: all that a demo and the tests need, without a plant and without servers.

``commands``
    the command line
``simulate``
    the simulated paper machine, written to files
``paper_machine`` (``paper_sensors``, ``paper_events``)
    invents the readings: sensors that drift, grades and sheet breaks
``embedded_kafka`` (``mock_cluster``), ``embedded_redis``, ``embedded_mosquitto``
    servers in processes of their own, that keep everything in memory
``wheels``
    where those that came with installed packages are
``child``, ``launcher``
    such a process dies with the one that started it
``demo``
    all of it, played in five phases

The sandbox starts the other programs as processes and imports none of them.
"""
