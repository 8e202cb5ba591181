"""What plants send (one tag, one time, one value) -> readings on Kafka.

A source (a Kafka topic, MQTT, OPC UA, a historian's export) gives tag rows. They are kept in a
log with offsets, Kafka's own or a journal on disk, and joined from there to readings on event
time. So the readings are a function of the log, and whoever is killed reads on where it was.
"""
