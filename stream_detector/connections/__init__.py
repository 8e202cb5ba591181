"""Settings, Kafka and Redis clients, and what we keep there. No logic of detection.

``settings`` is the only reader of the environment, ``kafka`` knows the clients'
options, ``topics`` what our topics look like, ``redis`` the keys.
"""
