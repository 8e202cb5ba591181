"""The formats of messages: each turns one message into tag rows.

``settings``
    what the table ``[format]`` says: where in a message the rows are
``opening``
    the format for such a table
``json_format``, ``avro_format`` (``avro_schema``), ``protobuf_format``
    bytes -> a decoded message
``schema_registry``
    where the schemas of messages come from that do not bring their own
``layout``, ``field_paths``, ``event_times``
    a decoded message -> its rows
"""
