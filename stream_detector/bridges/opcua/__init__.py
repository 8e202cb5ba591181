"""OPC UA: what a server tells of its nodes.

``source``
    from the server to a journal: on disk first, then acknowledged
``client``
    who we are, whom we trust, and what refuses us
``subscription``
    notifications, acknowledged when we have them
``rows``
    what they say: what changed, and that the rest did not
"""
