"""Spans of batches reach a collector, and a collector that is away reaches nobody."""

import asyncio
import sys

import pytest
from aiokafka import TopicPartition
from click.testing import CliRunner
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from structlog.testing import capture_logs

from stream_detector.errors import SettingsError
from stream_detector.pipeline.messages import Output
from stream_detector.worker.commands import worker
from stream_detector.worker.otlp import OtlpTraces
from stream_detector.worker.reader import Batch
from stream_detector.worker.traces import NO_TRACES
from tests.worker.receiver import receiver
from tests.worker.spans import facts, spans

READING = object()
ALERT = Output("alerts", b"pm1/sheet-break", b"{}", (("ce_id", b"1"),))
SCORE = Output("scores", b"pm1", b"{}")


def batch_of(**counts: int) -> Batch:
    places = {TopicPartition("readings", int(name[1:])): n for name, n in counts.items()}
    return Batch({place: [READING] * n for place, n in places.items()}, None)


def work_off(traces: OtlpTraces, *outputs: Output) -> list[Output]:
    """As the agent does it, with 2 readings of partition 0 and 3 of partition 7."""
    with traces.batch(batch_of(p0=2, p7=3)):
        for partition, n_readings in ((0, 2), (7, 3)):
            with traces.judging(partition, n_readings):
                pass
        with traces.delivering(outputs) as followed:
            return list(followed)


def test_a_batch_is_a_span_with_its_judging_and_its_delivery_within() -> None:
    #   batch   |---------------------------|
    #   judge      |--p0--| |--p7--|
    #   deliver                     |------|
    async def scene() -> None:
        async with receiver() as there:
            traces = OtlpTraces(f"{there.url}/v1/traces", group="mill-a")
            work_off(traces, SCORE, ALERT)
            await asyncio.to_thread(traces.end)

            first, second, deliver, batch = spans(there)
            request = ExportTraceServiceRequest.FromString(there.bodies[0])

        assert [one.name for one in (first, second, deliver, batch)] == [
            *("judge", "judge", "deliver", "batch")
        ]
        assert {one.parent_span_id for one in (first, second, deliver)} == {batch.span_id}
        assert facts(batch.attributes) == {"partitions": [0, 7], "readings": 5, "alerts": 1}
        assert facts(first.attributes) == {"partition": 0, "readings": 2}
        assert facts(second.attributes) == {"partition": 7, "readings": 3}
        assert facts(deliver.attributes) == {"messages": 2, "alerts": 1}
        assert batch.start_time_unix_nano <= first.start_time_unix_nano
        told = facts(request.resource_spans[0].resource.attributes)
        assert (told["service.name"], told["group"]) == ("stream-detector", "mill-a")

    asyncio.run(scene())


def test_an_alert_says_of_which_trace_it_is_and_a_score_does_not() -> None:
    async def scene() -> None:
        async with receiver() as there:
            traces = OtlpTraces(f"{there.url}/v1/traces", group="mill-a")
            score, alert = work_off(traces, SCORE, ALERT)
            await asyncio.to_thread(traces.end)
            (deliver,) = [one for one in spans(there) if one.name == "deliver"]

        event_id, (name, context) = alert.headers
        assert (event_id, name) == (("ce_id", b"1"), "traceparent")
        assert context.decode().rpartition("-")[0] == (
            f"00-{deliver.trace_id.hex()}-{deliver.span_id.hex()}"
        )
        assert alert._replace(headers=ALERT.headers) == ALERT
        assert score == SCORE

    asyncio.run(scene())


def test_a_collector_that_is_away_is_told_of_once_and_costs_nothing_but_spans() -> None:
    async def scene() -> None:
        async with receiver() as there:
            there.answers = [400, 400]
            traces = OtlpTraces(f"{there.url}/v1/traces", group="mill-a", send_seconds=0.01)
            with capture_logs() as lines:
                while there.answers:
                    work_off(traces, ALERT)
                    await asyncio.sleep(0)
                work_off(traces, ALERT)
                await there.until(lambda: there.bodies)
                await asyncio.to_thread(traces.end)

        assert [one["event"] for one in lines] == ["traces.failed", "traces.back"]
        assert lines[0]["log_level"] == "warning"
        assert lines[1]["n_dropped"] >= 8

    asyncio.run(scene())


def test_followed_by_nobody_what_came_out_is_passed_on_as_it_is() -> None:
    outputs = [SCORE, ALERT]

    with NO_TRACES.delivering(outputs) as followed:
        assert followed is outputs


def test_without_the_package_the_worker_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exporter = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
    monkeypatch.setitem(sys.modules, exporter, None)
    monkeypatch.delitem(sys.modules, "stream_detector.worker.otlp")
    settings = {
        "DETECTOR_BROKER": "127.0.0.1:1",
        "DETECTOR_TRACES_URL": "http://127.0.0.1:1/v1/traces",
    }

    done = CliRunner().invoke(worker, env=settings)

    assert isinstance(done.exception, SettingsError)
    assert str(done.exception) == (
        f"DETECTOR_TRACES_URL needs {exporter}, not installed here; "
        "pip install 'stream-detector[traces]'"
    )
