"""A Kafka topic of tag messages -> readings, each exactly once.

``bridge``
    reads, joins and sends, a transaction at a time
``tag_log``, ``merging``
    all partitions of the topic as one log, in the order of Kafka's times
``notes``
    how far that is, kept in Kafka itself
"""
