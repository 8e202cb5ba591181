"""Batches as OpenTelemetry's spans, sent to a collector by OTLP over HTTP.

Imported only where ``DETECTOR_TRACES_URL`` is set. Spans wait in a bounded queue, and a thread
sends them every few seconds; a collector that is away costs spans, never a reading.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import structlog
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from stream_detector.pipeline.messages import Output
from stream_detector.worker.reader import Batch

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

log = structlog.get_logger()

_QUEUE: Final = 2_048
"""Spans that may wait; when there are more, the oldest are dropped."""

_TIMEOUT_SECONDS: Final = 5.0
"""For one attempt and those after it."""

_END_SECONDS: Final = 2.0
"""What waits at the end may still be sent; a collector that is away must not hold the end up."""


class OtlpTraces:
    """Follows batches, see :class:`~stream_detector.worker.traces.Traces`.

    Parameters
    ----------
    url : str
        Of the collector, e.g. ``http://collector:4318/v1/traces``. Headers that it wants, and the
        share of batches to follow, come from OpenTelemetry's own variables.
    group : str
        The worker's.
    send_seconds : float
        How often spans are sent.
    """

    def __init__(self, url: str, *, group: str, send_seconds: float = 5.0) -> None:
        about = {
            "service.name": "stream-detector",
            "service.version": version("stream-detector"),
            "stream_detector.group": group,
        }
        exporter = _ToldExporter(url)
        self._provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
        self._provider.add_span_processor(
            BatchSpanProcessor(
                exporter,
                max_queue_size=_QUEUE,
                schedule_delay_millis=1_000 * send_seconds,
            )
        )
        self._tracer = self._provider.get_tracer("stream_detector")
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def batch(self, batch: Batch) -> Iterator[None]:
        """Follow a batch."""
        partitions = sorted(one.partition for one in batch.records)
        facts: dict[str, AttributeValue] = {
            "stream_detector.partitions": partitions,
            "stream_detector.readings": sum(map(len, batch.records.values())),
        }
        with self._tracer.start_as_current_span(
            "batch", start_time=batch.fetched_at_ns, attributes=facts
        ):
            yield

    @contextmanager
    def judging(self, partition: int, n_readings: int) -> Iterator[None]:
        """Follow the readings of one partition in a batch."""
        facts = {"stream_detector.partition": partition, "stream_detector.readings": n_readings}
        with self._tracer.start_as_current_span("judge", attributes=facts):
            yield

    @contextmanager
    def delivering(self, outputs: Sequence[Output]) -> Iterator[Sequence[Output]]:
        """Follow what came out; alerts are given the header ``traceparent``."""
        n_alerts = sum(one.topic == "alerts" for one in outputs)
        trace.get_current_span().set_attribute("stream_detector.alerts", n_alerts)
        facts = {"stream_detector.messages": len(outputs), "stream_detector.alerts": n_alerts}
        with self._tracer.start_as_current_span("deliver", attributes=facts):
            carrier: dict[str, str] = {}
            self._propagator.inject(carrier)
            context = tuple((name, value.encode()) for name, value in carrier.items())
            yield [
                one._replace(headers=(*one.headers, *context)) if one.topic == "alerts" else one
                for one in outputs
            ]

    def end(self) -> None:
        """Send what waits, as far as that is soon done."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(_END_SECONDS)


class _ToldExporter(SpanExporter):
    """Sends spans, and tells once when that fails and once when it works again."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sender = OTLPSpanExporter(endpoint=url, timeout=_TIMEOUT_SECONDS)
        self._n_dropped = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._sender.export(spans)
        if result is not SpanExportResult.SUCCESS:
            if not self._n_dropped:
                log.warning("traces.failed", url=self._url, doing="dropping spans, and trying on")
            self._n_dropped += len(spans)
        elif self._n_dropped:
            log.info("traces.back", url=self._url, n_dropped=self._n_dropped)
            self._n_dropped = 0
        return result

    def shutdown(self) -> None:
        self._sender.shutdown()  # type: ignore[no-untyped-call]
