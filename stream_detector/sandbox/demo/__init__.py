"""``stream-detector demo``: the whole product on one machine, from a history to alerts.

The story of one demo, module by module:

``show``
    the five phases: history, services, training, live, scorecard
``recording``
    what is learned from and what is streamed: a simulated machine, or somebody's own file
``labels``
    what the labels of a recording say happened to the machine
``training``
    what the trainer is told, to learn from the same rows
``crew``
    the programs of the demo: all run, or none
``feed``
    the machine: its readings go to Kafka, faster than they were recorded
``mqtt_plant``
    the same by another way: tag by tag over MQTT, and through the bridge
``outputs``
    what the worker sends, put into the machine's time
``story``
    what that says of the machine: scored, raised, cleared, broken
``screen``
    where it is shown: in plain lines, or on a terminal as a ``picture``
``words``
    times and figures as people read them
``scorecard``
    how well the alerts foretold what happened
"""
