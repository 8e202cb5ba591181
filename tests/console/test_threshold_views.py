"""What the page of thresholds says where several models judge."""

from datetime import UTC

import msgspec
import pytest

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.console.plant import Plant
from stream_detector.console.rendering import render
from stream_detector.console.under_models import TunedModel, UnderModel, UnderModels
from stream_detector.console.views.thresholds import (
    in_force_when,
    pasts_of,
    preview,
    threshold_rows,
)
from stream_detector.console.words import Clock
from stream_detector.detection.threshold import Budget
from stream_detector.pipeline.model_choice import ModelTable
from stream_detector.pipeline.thresholds import setting_of
from tests.console.messages import BUNDLE, at, plant_of, raising, score

OTHER = "0" * 16


def tuned(models: UnderModels) -> TunedModel:
    """What judges where nothing else was chosen."""
    found = models.by_id[BUNDLE].tuned
    assert isinstance(found, TunedModel)
    return found


def wanted(per_day: float) -> bytes:
    return msgspec.json.encode(setting_of(Budget(per_day), set_by="anna", set_at=at(0)))


@pytest.fixture
def plant() -> Plant:
    """Three machines with two scores each, of which pm2 has gone over to another model."""
    scores = [score(f"pm{number}", minute, 1.0) for minute in (0, 2) for number in (1, 2, 3)]
    gone_over = msgspec.structs.replace(score("pm2", 4, 1.0), bundle=OTHER)
    return plant_of(*scores, gone_over)


@pytest.fixture
def models(small_bundle: Bundle) -> UnderModels:
    """Which the page has both; a threshold of pm2 under the first one counts no more."""
    tuned = TunedModel(small_bundle.model, Budget(6.0))
    return UnderModels(
        ModelTable(BUNDLE, {"pm2": OTHER}),
        {
            BUNDLE: UnderModel(BUNDLE, {"pm3": wanted(0.00002), "pm2": wanted(9.0)}, {}, tuned),
            OTHER: UnderModel(OTHER, {"*": wanted(4.0)}, {}, tuned),
        },
    )


def test_each_machine_stands_with_what_counts_under_its_model(
    plant: Plant, models: UnderModels
) -> None:
    rows = threshold_rows(plant, models, clock=Clock(UTC))

    assert [(row.machine, row.bundle, row.wanted, row.by[:6]) for row in rows] == [
        ("*", BUNDLE, "6 a day", "bundle"),
        ("pm1", BUNDLE, "as for all", ""),
        ("pm2", OTHER, "4 a day", "all of"),
        ("pm3", BUNDLE, "0.00002 a day", "anna s"),
    ]


@pytest.mark.parametrize(
    ("machine", "minute", "told"),
    [
        ("*", 19, "in force in 2 s"),
        ("*", 21, "in force when scores come again: none since 22 Nov 03:10:00 UTC"),
        ("pm1", 19, "in force when scores come again: none since 22 Nov 03:08:00 UTC"),
        ("pm2", 19, "in force in 2 s"),
        ("pm9", 19, "in force from the first score on"),
    ],
)
def test_a_threshold_that_was_saved_counts_where_scores_come(
    machine: str, minute: float, told: str
) -> None:
    #  minute    0 2 4 6 8 10          usual: one in 2 minutes, so 10 min 10 s may pass
    #  pm1       x x x x x
    #  pm2       x x x x x x
    scores = [score(name, 2 * n, 1.0) for n in range(5) for name in ("pm1", "pm2")]
    plant = plant_of(*scores, score("pm2", 10, 1.0))

    found = in_force_when(plant, machine, now=at(minute).timestamp(), clock=Clock(UTC))

    assert found == told


def test_a_threshold_saved_before_any_score_counts_from_the_first_one_on() -> None:
    assert in_force_when(Plant(), "*", now=at(0).timestamp(), clock=Clock(UTC)).endswith("score on")


def test_a_threshold_of_all_is_about_those_of_its_model_without_their_own(
    plant: Plant, models: UnderModels
) -> None:
    of_all, n_all = pasts_of(plant, "*", models)
    of_one, n_one = pasts_of(plant, "pm2", models)

    assert ([one.machine for one in of_all], n_all) == (["pm1"], 1)
    assert ([(len(one.scores), one.n_left_out) for one in of_one], n_one) == ([(1, 2)], 1)


@pytest.mark.parametrize(
    ("minutes", "told", "length"), [(58, "-", "58 min"), (60, "24.0 over 60 min", "60 min")]
)
def test_there_is_no_rate_before_there_is_an_hour_to_tell_it_by(
    models: UnderModels, minutes: int, told: str, length: str
) -> None:
    plant = plant_of(
        score("pm1", 0, 1.0), raising(score("pm1", 2, 3.0)), score("pm1", minutes, 1.0)
    )

    (_, row, *_) = threshold_rows(plant, models, clock=Clock(UTC))
    found = preview(
        *pasts_of(plant, "pm1", models),
        now=Budget(6.0),
        new=Budget(2.0),
        model=tuned(models).model,
        rules=Rules(),
    )

    assert (row.machine, row.per_day) == ("pm1", told)
    assert found.title.startswith(f"The trailing {length} of 1 machine ")
    assert found.lines[0] == ("as it was", "1", told.partition(" over ")[0], "-")


def test_what_a_budget_for_all_would_have_done_is_told_for_each_machine_and_day(
    models: UnderModels,
) -> None:
    #  hour  0   1 ...  12                      24
    #  pm1   x                 two alerts        x
    #  pm4   x  one alert x
    hours = {"pm1": (0, 5, 6, 20, 24), "pm4": (0, 6, 12)}
    alerts = {("pm1", 5), ("pm1", 20), ("pm4", 6)}
    plant = plant_of(
        *(
            raising(message) if (name, hour) in alerts else message
            for name, times in hours.items()
            for hour in times
            for message in [score(name, 60 * hour, 1.0)]
        )
    )

    found = preview(
        *pasts_of(plant, "*", models),
        now=Budget(6.0),
        new=Budget(2.0),
        model=tuned(models).model,
        rules=Rules(),
    )

    assert found.title.startswith("The trailing 24 h 00 min of 2 machines (8 readings ")
    # 3 alerts in 36 hours of machines.
    assert found.lines[0] == ("as it was", "3", "2.0", "-")
    assert "<th>a machine and day</th>" in render("preview.html", view=found)


def test_models_have_a_column_where_there_are_several(plant: Plant, models: UnderModels) -> None:
    rows = threshold_rows(plant, models, clock=Clock(UTC))

    several = render("thresholds.html", rows=rows, bundles=[BUNDLE, OTHER])
    one = render("thresholds.html", rows=rows[:1], bundles=[BUNDLE])

    assert several.count(f"<td>{OTHER}</td>") == 1
    assert "<th>Model</th>" in several
    assert "<th>Model</th>" not in one
    assert f"Model {BUNDLE}. A machine" in one
