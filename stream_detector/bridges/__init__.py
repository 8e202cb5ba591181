"""What plants send (one tag, one time, one value) -> readings on Kafka.

A source (a Kafka topic, MQTT, OPC UA, a historian's export) gives tag rows. They are kept in a
log with offsets, Kafka's own or a journal on disk, and joined from there to readings on event
time. So the readings are a function of the log, and whoever is killed reads on where it was.

From a tag to a reading, module by module:

``commands``, ``configuration`` (``tables``)
    the command line, and the TOML file that says where the rows come from
``formats``
    messages of the plant -> ``rows``, one tag at one time each
``patience``
    waiting for a schema registry that is away
``tags``
    a Kafka topic of such messages, which is a log itself
``mqtt``, ``opcua`` -> ``journal``
    sources that forget what they have handed over, and the log on disk that does not
``joining``
    the rows of a log -> readings, on event time
``letters``
    what could not be used: dead letters, with the reason
``historian``
    a file of rows -> a file of readings
``check``, ``sample``
    a configuration held against the live source, and what that said in words
``running``, ``health``, ``metrics``
    how a bridge runs until it is told to stop, and how that looks from outside
"""
