"""librdkafka's mock cluster as a program: a Kafka of one broker, in memory only.

Run by :mod:`stream_detector.sandbox.embedded_kafka` as ``python -m
stream_detector.sandbox.mock_cluster TOPIC:PARTITIONS...``. It answers with one line on
its standard output, the address of the broker or the reason why there is none, and runs
until its standard input ends.

The cluster is part of the C library inside the confluent-kafka wheel, which has no
Python call for it, hence ``ctypes``. It listens on the loopback address only.
"""

import ctypes
import sys
from collections.abc import Sequence
from ctypes import c_char_p, c_int, c_int32, c_size_t, c_void_p
from pathlib import Path
from typing import Final

from stream_detector.errors import ServiceError
from stream_detector.sandbox.wheels import installed_file

# What we call of rdkafka.h and rdkafka_mock.h: result and arguments. Without this table
# ctypes takes every pointer for an int of 32 bits.
_FUNCTIONS: Final = {
    "rd_kafka_conf_new": (c_void_p, ()),
    "rd_kafka_conf_set": (c_int, (c_void_p, c_char_p, c_char_p, c_char_p, c_size_t)),
    "rd_kafka_new": (c_void_p, (c_int, c_void_p, c_char_p, c_size_t)),
    "rd_kafka_err2str": (c_char_p, (c_int,)),
    "rd_kafka_mock_cluster_new": (c_void_p, (c_void_p, c_int)),
    "rd_kafka_mock_cluster_bootstraps": (c_char_p, (c_void_p,)),
    "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, (c_void_p, c_int32)),
    "rd_kafka_mock_topic_create": (c_int, (c_void_p, c_char_p, c_int, c_int)),
}
_PRODUCER: Final = 0  # the first of enum rd_kafka_type_t


def load_librdkafka(path: Path | None = None) -> ctypes.CDLL:
    """Load the library, by default the one of the confluent-kafka wheel.

    Raises
    ------
    ServiceError
        If there is no library, or not one with a mock cluster.
    """
    path = path or installed_file("confluent-kafka", "librdkafka*.so*")
    if path is None:
        raise ServiceError(
            "the installed confluent-kafka brings no librdkafka of its own; "
            "install its wheel: pip install --only-binary :all: confluent-kafka"
        )
    try:
        library = ctypes.CDLL(str(path))
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise ServiceError(
            f"{path.name} has no usable mock cluster ({error}); "
            "install the version of confluent-kafka that this project asks for"
        ) from error
    return library


class MockCluster:
    """One broker; it lives as long as this process, so nothing here frees anything."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        reason = ctypes.create_string_buffer(512)
        options = library.rd_kafka_conf_new()
        # Errors only: it would warn that its client, of which we make no use, has no broker.
        library.rd_kafka_conf_set(options, b"log_level", b"3", None, 0)
        client = library.rd_kafka_new(_PRODUCER, options, reason, len(reason))
        self._cluster = library.rd_kafka_mock_cluster_new(client, 1) if client else None
        if not self._cluster:
            raise ServiceError(f"librdkafka starts no mock cluster: {reason.value.decode()}")
        # It would wait 3 s for further members of a new group, and no second one ever comes.
        library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)

    @property
    def bootstrap(self) -> str:
        """Where clients find the broker: ``127.0.0.1:port``."""
        address: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return address.decode()

    def create_topic(self, name: str, partitions: int) -> None:
        """Make a topic; the cluster has no CreateTopics for ordinary clients."""
        code = self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)
        if code != 0:
            reason: bytes = self._library.rd_kafka_err2str(code)
            raise ServiceError(f"topic {name!r} cannot be made: {reason.decode()}")


def main(topics: Sequence[str]) -> None:
    """Serve the topics, each ``name:partitions``, until standard input ends."""
    try:
        cluster = MockCluster(load_librdkafka())
        for topic in topics:
            name, _, partitions = topic.rpartition(":")
            cluster.create_topic(name, int(partitions))
    except ServiceError as error:
        sys.stdout.write(f"{error}\n")
        sys.exit(1)
    sys.stdout.write(f"{cluster.bootstrap}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
