"""What is known of a bridge that has just begun."""

from stream_detector.bridges.health import BridgeHealth


def mill(*, stall_seconds: float = 60.0) -> BridgeHealth:
    return BridgeHealth("mill", "the broker", stall_seconds=stall_seconds, began_at=0.0)
