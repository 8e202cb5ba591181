"""Early warnings from machine sensors, scored live on Kafka.

Imports point down; everything from ``pipeline`` down is free of I/O (``bundle``
alone reads and writes one folder)::

    cli                                     names of the commands
    worker   console   bridges   sandbox    programs: they own loops, clocks and screens
    replay                                  recorded readings in, files out
    command_line                            how every command is found, fails and ends
    connections                             settings, Kafka and Redis clients
    pipeline                                bytes in, bytes out: decode, detect, alert, encode
    bundle   |   alerting                   a trained model on disk | from scores to alerts
    detection                               from readings to scores
    errors

The trainer, which turns a machine's history into a bundle, is the package
``trainer`` beside this one: it imports the shared mathematics from here, never the
other way round.
"""
