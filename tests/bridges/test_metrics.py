"""What Prometheus is told of a bridge."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from stream_detector.bridges.health import BridgeHealth
from stream_detector.bridges.journal.journal import Journal
from stream_detector.bridges.metrics import BridgeCollector
from stream_detector.bridges.rows import TagRow
from stream_detector.connections.prometheus import exposition
from stream_detector.errors import RowError
from tests.bridges.healths import mill


def page(health: BridgeHealth) -> str:
    return exposition(BridgeCollector(health)).decode()


def told(health: BridgeHealth) -> dict[tuple[str, ...], float]:
    """All samples, by name and the values of the labels; the first is the bridge's name."""
    return {
        (one.name.removeprefix("stream_detector_bridge_"), *one.labels.values()): one.value
        for family in text_string_to_metric_families(page(health))
        for one in family.samples
    }


def test_what_became_of_the_rows() -> None:
    health = mill()
    assert ("row_age_seconds", "mill") not in told(health)
    health.took(5, [RowError("not-json", "no")], now=0.0)
    health.made(2, ["late", "late"], n_unmapped=1)
    health.n_delivered = 1
    health.got_on(now=0.0, n_waiting=4)

    found = told(health)

    assert found["rows_total", "mill"] == 5
    assert (found["readings_total", "mill"], found["readings_delivered_total", "mill"]) == (2, 1)
    assert found["refused_total", "mill", "late"] == 2
    assert found["refused_total", "mill", "not-json"] == 1
    assert found["refused_total", "mill", "clock"] == 0
    assert found["rows_unmapped_total", "mill"] == 1
    assert found["rows_waiting", "mill"] == 4
    assert found["row_age_seconds", "mill"] > 0


def test_how_the_bridge_is() -> None:
    health = mill(stall_seconds=1e9)
    health.kafka_did_not_answer()
    health.listened(now=0.0, fault="Connection refused")

    found = told(health)

    assert (found["status", "mill", "ok"], found["status", "mill", "degraded"]) == (0, 1)
    assert (found["connected", "mill"], found["kafka_away", "mill"]) == (0, 1)
    assert ("journal_bytes", "mill") not in found


def test_a_full_journal_is_told_and_what_was_lost_of_it_stays_told(tmp_path: Path) -> None:
    health = mill()
    rows = [TagRow("SPEED", number, "x" * 1000) for number in range(300)]
    with Journal(tmp_path / "journal", max_bytes=100_000) as health.journal:
        health.journal.append(rows)
        found = told(health)

    assert found["journal_max_bytes", "mill"] == 100_000
    assert 50_000 < found["journal_bytes", "mill"] <= 100_000
    assert 200 < found["rows_lost_total", "mill"] < 300

    with Journal(tmp_path / "journal", max_bytes=100_000) as health.journal:
        again = told(health)

    assert again["rows_lost_total", "mill"] == found["rows_lost_total", "mill"]
    assert again["journal_bytes", "mill"] == found["journal_bytes", "mill"]


def test_every_metric_has_a_text_and_its_unit_in_its_name() -> None:
    families = list(text_string_to_metric_families(page(mill())))

    assert all(one.documentation.endswith(".") for one in families)
    assert all(one.name.startswith("stream_detector_bridge_") for one in families)
    assert {one.name for one in families if "age" in one.name.split("_")} == {
        "stream_detector_bridge_row_age_seconds"
    }
