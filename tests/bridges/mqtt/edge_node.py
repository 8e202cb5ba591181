"""An edge node of Sparkplug B, as far as its messages go."""

from typing import Any, NamedTuple

from stream_detector.bridges.mqtt.sparkplug_payload import Payload

INT32, DOUBLE, BOOLEAN = 3, 10, 11


class Message(NamedTuple):
    topic: str
    payload: bytes


class EdgeNode:
    """Numbers its messages, and names its metrics by numbers once they are born.

    Times are milliseconds; `metrics` are the node's own, and `devices` have theirs.
    """

    def __init__(self, name: str = "mill/pm3") -> None:
        self._group, self._node = name.split("/")
        self._sequence = 0
        self._aliases: dict[str, int] = {}
        self.birth_number = 0

    def birth(self, time_ms: int, **values: float | None) -> Message:
        self._sequence = -1
        payload = self._payload(time_ms)
        payload.metrics.add(name="bdSeq", long_value=self.birth_number, datatype=8)
        payload.metrics.add(name="Node Control/Rebirth", boolean_value=False, datatype=BOOLEAN)
        self._bear(payload, values, "")
        return self._message("NBIRTH", payload)

    def device_birth(self, device: str, time_ms: int, **values: float | None) -> Message:
        payload = self._payload(time_ms)
        self._bear(payload, values, device)
        return self._message("DBIRTH", payload, device)

    def data(
        self, time_ms: int, device: str = "", *, historical: bool = False, **values: float | None
    ) -> Message:
        """A value of a name without a birth goes under that name."""
        payload = self._payload(time_ms)
        for name, value in values.items():
            alias = self._aliases.get(f"{device}/{name}")
            metric = payload.metrics.add(timestamp=time_ms)
            if alias is None:
                metric.name = name
            else:
                metric.alias = alias
            if historical:
                metric.is_historical = True
            _put(metric, value)
        return self._message("DDATA" if device else "NDATA", payload, device)

    def device_death(self, device: str, time_ms: int) -> Message:
        return self._message("DDEATH", self._payload(time_ms), device)

    def death(self) -> Message:
        """The will that the broker publishes: written when the node connected, without a number."""
        payload = Payload(timestamp=1)
        payload.metrics.add(name="bdSeq", long_value=self.birth_number, datatype=8)
        return self._message("NDEATH", payload)

    def _payload(self, time_ms: int) -> Any:
        self._sequence = (self._sequence + 1) % 256
        return Payload(timestamp=time_ms, seq=self._sequence)

    def _bear(self, payload: Any, values: dict[str, float | None], device: str) -> None:
        for name, value in values.items():
            alias = self._aliases.setdefault(f"{device}/{name}", len(self._aliases))
            _put(payload.metrics.add(name=name, alias=alias, datatype=DOUBLE), value)

    def _message(self, kind: str, payload: Any, device: str = "") -> Message:
        parts = ["spBv1.0", self._group, kind, self._node, *filter(None, [device])]
        return Message("/".join(parts), payload.SerializeToString())


def _put(metric: Any, value: float | None) -> None:
    if value is None:
        metric.is_null = True
    else:
        metric.double_value = value
