"""``bridge check``: a configuration held against the live source, with some readings to look at.

One line per thing, as ``check`` says it of the worker. Each source has a function of its own that
looks at it and gives rows to align: add it beside :func:`_tags_of_kafka`.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from stream_detector.bridges.configuration import (
    Configuration,
    OpcUaTable,
    read_configuration,
)
from stream_detector.bridges.formats.opening import open_format
from stream_detector.bridges.joining.aligner import Aligned, Aligner, Entry
from stream_detector.bridges.joining.mapping import TagMap, read_mapping
from stream_detector.bridges.joining.readings import encode
from stream_detector.bridges.sample import Sample, fault, told
from stream_detector.bridges.tags.tag_log import NO_TAGS, TagLog
from stream_detector.command_line import Finding, looked
from stream_detector.connections.kafka import cluster_metadata
from stream_detector.connections.settings import Settings
from stream_detector.connections.source_settings import read_source_settings
from stream_detector.connections.topics import check_cleanup, partition_counts
from stream_detector.errors import (
    RowError,
    ServiceError,
    SettingsError,
    counted,
)

N_SAMPLES: Final = 10

_NEWEST_MESSAGES: Final = 5000
"""Of each partition so many are read, and put back by nobody: nothing is committed."""

_READ_SECONDS: Final = 10.0

_REPEAT_SECONDS: Final = 2.0
"""How often an OPC UA server is asked at least to say that nothing changed."""

_LOOK_SECONDS: Final = 0.2


def check(settings: Settings, path: Path) -> Iterator[Finding]:
    """Look at the configuration, the mapping, Kafka and the source, and at what they come to."""
    configuration: list[Configuration] = []
    mapping: list[TagMap] = []

    def the_configuration() -> str:
        configuration.append(read_configuration(path))
        return f"{path}: bridge {configuration[0].name}"

    def the_mapping() -> str:
        found = read_mapping(configuration[0].mapping)
        configuration[0].check_against(found.machines)
        mapping.append(found)
        n_tags, n_machines = len(found.targets), len(found.machines)
        return f"{counted(n_tags, 'tag')} of {counted(n_machines, 'machine')}"

    def kafka() -> str:
        n_brokers = len(cluster_metadata(settings).brokers)
        # How far the bridge is, it notes there, or in its journal.
        notes = [settings.bridges_topic] if configuration[0].kafka else []
        writes = [settings.readings_topic, settings.dead_letters_topic, *notes]
        partition_counts(settings, reads=notes, writes=writes)
        check_cleanup(settings, notes)
        return f"{settings.bootstrap_servers} answers ({counted(n_brokers, 'broker')})"

    def source() -> str:
        sample = _sample(settings, configuration[0], mapping[0])
        found, unmapped = _aligned(settings, configuration[0], mapping[0], sample)
        samples.extend(encode(one).decode() for one in found.readings[-N_SAMPLES:])
        mapped = list(mapping[0].targets)
        heard = told(sample, found, mapped, unmapped)
        if wrong := fault(sample, found, mapped, configuration[0].format):
            raise SettingsError("; ".join([*heard, wrong]))
        return "; ".join(heard)

    samples: list[str] = []
    looks: dict[str, Callable[[], str]] = {
        "configuration": the_configuration,
        "mapping": the_mapping,
        "kafka": kafka,
        "source": source,
    }
    for subject, look in looks.items():
        found = looked(subject, look)
        yield found
        if found.fault is not None and subject not in {"kafka", "source"}:
            return  # the others need it
    yield from (Finding("reading", sample) for sample in samples)


def _aligned(
    settings: Settings, configuration: Configuration, mapping: TagMap, sample: Sample
) -> tuple[Aligned, list[str]]:
    aligner = Aligner(mapping, configuration.timing, max_skew_us=settings.max_clock_skew_us)
    aligned = aligner.add(sample.entries)
    # Whoever waits for the next rows sees nothing of a plant that sends seldom.
    aligned.readings.extend(aligner.close())
    return aligned, list(aligner.unmapped)


def _sample(settings: Settings, configuration: Configuration, mapping: TagMap) -> Sample:
    """Read or hear something of the source, beside its bridge; listening takes some seconds."""
    if configuration.mqtt is not None:
        return asyncio.run(_heard_over_mqtt(settings, configuration))
    if configuration.opcua is not None:
        return asyncio.run(_told_by_opcua(configuration.opcua, list(mapping.targets)))
    return _tags_of_kafka(settings, configuration)


def _tags_of_kafka(settings: Settings, configuration: Configuration) -> Sample:
    """Read the newest messages of the topic of tags."""
    if configuration.kafka is None:
        raise SettingsError("the configuration has no table of a source, e.g. [kafka]; add it")
    topic = configuration.kafka.topic
    decode = open_format(configuration.format, read_source_settings()).decode
    n_partitions = partition_counts(settings, reads=[topic], remedy=NO_TAGS)[topic]
    log = TagLog(settings, topic, starts=dict.fromkeys(range(n_partitions), 0))
    try:
        marks = log.watermarks()
    finally:
        log.close()
    starts = {one: max(low, high - _NEWEST_MESSAGES) for one, (low, high) in marks.items()}
    ends = {one: high for one, (_, high) in marks.items()}
    log = TagLog(settings, topic, starts=starts, ends=ends)
    sample = Sample([], [])
    last_look = time.monotonic() + _READ_SECONDS
    try:
        while not log.is_at_ends() and time.monotonic() < last_look:
            for message in log.read(0.1):
                try:
                    rows = decode(message.value or b"", topic=topic)
                except RowError as error:
                    rows = []
                    sample.refused.append(error)
                sample.entries.append(Entry(rows, message.stamp_ms * 1000))
    finally:
        log.close()
    return sample


async def _heard_over_mqtt(settings: Settings, configuration: Configuration) -> Sample:
    from stream_detector.bridges.mqtt.connection import Delivered, MqttConnection  # noqa: PLC0415
    from stream_detector.bridges.mqtt.messages import MqttMessages  # noqa: PLC0415

    table = configuration.mqtt
    if table is None:
        raise SettingsError("the configuration has no table [mqtt]; add it")
    access = read_source_settings()
    connection = MqttConnection(table, access, f"{configuration.name}-check", is_kept=False)
    decode = open_format(configuration.format, access).decode
    messages = MqttMessages(
        decode,
        numbers_arrive=table.time_of_numbers == "arrival",
        max_skew_us=settings.max_clock_skew_us,
    )
    sample, stop = Sample([], [], begins_with_old=True), asyncio.Event()
    connecting = asyncio.create_task(connection.run(stop))
    last_look = time.monotonic() + _READ_SECONDS
    while time.monotonic() < last_look and not connecting.done():
        for one in await asyncio.to_thread(connection.take, _NEWEST_MESSAGES):
            if isinstance(one, Delivered):
                rows = messages.take(one.message)
                errors = [letter.error for letter in messages.letters()]
                if rows:
                    sample.left_out.extend(errors)
                else:
                    sample.refused.extend(errors[:1])
                sample.entries.append(Entry(rows, one.message.received_us))
                connection.acknowledge(one)
    trouble = connection.fault
    stop.set()
    await connecting
    if trouble is not None and not sample.entries:
        raise ServiceError(
            f"the MQTT broker at {table.host}:{table.port} gives nothing: {trouble}; start it, or "
            "correct mqtt.host and mqtt.port"
        )
    return sample


async def _told_by_opcua(table: OpcUaTable, tags: Sequence[str]) -> Sample:
    from asyncua.ua.uaerrors import UaError  # noqa: PLC0415

    from stream_detector.bridges.opcua.client import reason_of  # noqa: PLC0415
    from stream_detector.bridges.opcua.source import messages  # noqa: PLC0415

    sample = Sample([], [], begins_with_old=True)
    last_look = time.monotonic() + _READ_SECONDS
    often = table.model_copy(update={"repeat_seconds": min(_REPEAT_SECONDS, table.repeat_seconds)})
    try:
        async with messages(often, read_source_settings(), tags) as told:
            sample.unknown.update(told.refused)
            while time.monotonic() < last_look:
                rows = await told.next_rows(_LOOK_SECONDS)
                if rows:
                    sample.entries.append(Entry(rows, time.time_ns() // 1000))
                told.acknowledge()
    except (OSError, UaError) as error:
        raise ServiceError(
            f"the OPC UA server {table.url} gives nothing: {reason_of(error)}; start it, or "
            "correct opcua.url"
        ) from error
    return sample
