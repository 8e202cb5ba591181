"""What Prometheus is told."""

from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from stream_detector.alerting.figures import figures
from stream_detector.connections.prometheus import exposition
from stream_detector.worker.health import DeliveryHealth, Health
from stream_detector.worker.metrics import HealthCollector
from tests.alerting.accounts import ledger, stood, warned
from tests.alerting.judged import at
from tests.alerting.told import RULES


def told(health: Health) -> dict[tuple[str, ...], float]:
    """All samples, by name and the values of the labels."""
    return {
        (one.name.removeprefix("stream_detector_"), *one.labels.values()): one.value
        for family in text_string_to_metric_families(exposition(HealthCollector(health)).decode())
        for one in family.samples
    }


def test_how_the_worker_is_and_what_it_sent() -> None:
    health = Health(stall_seconds=1e9, began_at=0.0)
    health.joined({0, 1}, now=1.0)
    health.found_ends({0: 500, 1: 20}, now=5.0)
    health.progressed({0: 40, 1: 20}, now=6.0)
    health.refused_models = {"0123456789abcdef": "there is no such bundle"}
    health.unreadable_choices = {"pm3", "pm4"}
    health.deliveries["webhook"] = DeliveryHealth(n_delivered=7, n_failed=2, fault="it answers 503")

    found = told(health)

    assert found["status", "degraded"] == 1
    assert found["status", "ok"] == 0
    assert (found["lag_readings", "0"], found["lag_readings", "1"]) == (460, 0)
    assert found[("partitions",)] == 2
    assert (found[("models_refused",)], found[("model_choices_unreadable",)]) == (1, 2)
    assert ("thresholds_age_seconds",) not in found
    assert found["notifications_total", "webhook", "delivered"] == 7
    assert found["notifications_total", "webhook", "failed"] == 2


def test_the_figures_of_the_alerts_are_told_where_the_book_is_kept() -> None:
    health = Health(stall_seconds=1e9, began_at=0.0)
    assert ("kpi_n_calls",) not in told(health)
    plant = ledger(*warned(1, 4), *stood((20, 25)))
    health.figures = figures(plant, (), RULES, now=at(60), trailing=timedelta(days=30))

    found = told(health)

    assert found[("kpi_n_calls",)] == 2
    assert found["kpi_priority_share", "medium"] == 1
    assert (found["alerts", "early"], found["alerts", "nuisance"]) == (1, 1)
    assert found["scorecard_recall", "240"] == 1
    assert found["scorecard_median_lead_s", "3600"] == 180


def test_what_nobody_knows_is_left_out() -> None:
    health = Health(stall_seconds=1e9, began_at=0.0)
    health.figures = figures(ledger(), (), RULES, now=at(60), trailing=timedelta(days=30))

    found = told(health)

    assert ("scorecard_recall", "240") not in found
    assert ("kpi_per_day",) not in found  # the first hour is not over
    assert found["scorecard_n_outcomes", "240"] == 0
