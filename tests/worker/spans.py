"""Spans as a collector of OpenTelemetry takes them."""

from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.worker.receiver import Receiver

Span = Any
"""protobuf's classes have no types of their own."""


def spans(collector: Receiver) -> list[Span]:
    """Give all spans that came."""
    requests = map(ExportTraceServiceRequest.FromString, collector.bodies)
    return [
        span
        for request in requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def facts(attributes: Any) -> dict[str, Any]:
    """Give attributes as plain values."""

    def plain(value: Any) -> Any:
        kind = value.WhichOneof("value")
        found = getattr(value, kind)
        return [plain(one) for one in found.values] if kind == "array_value" else found

    return {one.key.removeprefix("stream_detector."): plain(one.value) for one in attributes}
