"""MQTT: what a broker hands over, and Sparkplug B on top of it.

``source``
    from the broker to a journal: on disk first, then acknowledged
``connection``, ``client``
    a broker whose messages wait for their acknowledgement
``topic_filters``
    what may be subscribed to
``messages``
    what a message says, in rows
``sparkplug``, ``sparkplug_payload``
    births, data and deaths of edge nodes, and their bytes
"""
