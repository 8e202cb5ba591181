"""Settings, Kafka and Redis clients, and what we keep there. No logic of detection.

``settings`` is the only reader of the environment, ``security`` knows which of them go
together, ``kafka`` and ``consumers`` the clients' options, ``tokens`` where OAUTHBEARER gets
its tokens, ``topics`` what our topics look like, ``access`` what we may do with them,
``redis`` the keys.
"""
