"""What a drill with faults brought, in lines for people."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from stream_detector.alerting.life import Change, rfc3339
from stream_detector.detection.feed_health import FeedEvent
from stream_detector.replay.fault_drill import Effect, Phase
from stream_detector.replay.faults import Fault


def report(effects: Sequence[Effect], not_played: Sequence[tuple[Fault, str]]) -> Iterator[str]:
    """Tell where each fault was played and what came of it."""
    for effect in effects:
        injection, faulty = effect.injection, effect.faulty
        span = f"{rfc3339(injection.start)} to {rfc3339(injection.end)}"
        yield f"{injection.fault}: {injection.machine}, {span}: {injection.what}"
        yield f"  readings: {_by_phase(faulty.readings)}"
        yield f"  data quality: {', '.join(map(_event, effect.events)) or 'nothing'}"
        yield f"  alerts: {_by_phase(faulty.changes)}"
        if effect.changes_alerts:
            yield f"  alerts without the fault: {_by_phase(effect.plain.changes)}"
    for fault, why in not_played:
        yield f"{fault}: not played, {why}"


def _by_phase(counted: Mapping[Phase, Counter[str]] | Mapping[Phase, Counter[Change]]) -> str:
    return "; ".join(
        f"{phase} {', '.join(f'{n} {what}' for what, n in sorted(counts.items())) or 'none'}"
        for phase, counts in counted.items()
    )


def _event(event: FeedEvent) -> str:
    what = "began" if event.began else "ended"
    return " ".join((event.fault, *event.sensors, what, rfc3339(event.time)))
