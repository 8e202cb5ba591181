"""Whose model judged a machine is never guessed as a partition is taken over."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from stream_detector.bundle.directory import Bundle
from stream_detector.errors import BundleError
from stream_detector.pipeline.readings import Record
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from tests.small_models import fit_small_bundle, normal_recording
from tests.worker.recovering import (
    Station,
    broker_with,
    judged,
    made_records,
    marker,
    send,
    snapshots_of,
    states_of,
)


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return made_records()


@pytest.fixture(scope="module")
def kafka(records: list[Record]) -> Iterator[EmbeddedKafka]:
    with broker_with(records) as running:
        yield running


@pytest.fixture
def of_another_model(kafka: EmbeddedKafka, records: list[Record], tmp_path: Path) -> Iterator[str]:
    """The machine's state is of a model whose bundle stands in ``models``; its id."""
    other = fit_small_bundle(tmp_path / "models/other", normal_recording(seed=8))
    kept = snapshots_of(judged(other, records[:20]), other.id)
    send(kafka, "detector.snapshots", [*kept, marker(22, pm3=20)])
    yield other.id
    send(kafka, "detector.snapshots", [(b"pm3", None), marker(23, pm3=23)])


def test_a_machine_goes_on_under_the_model_of_its_state(
    kafka: EmbeddedKafka, small_bundle: Bundle, of_another_model: str, tmp_path: Path
) -> None:
    station = Station(kafka, small_bundle, bundles=tmp_path / "models")
    station.take_over(30)

    (machine,) = station.pipeline.machines.of([0])
    assert machine.bundle_id == of_another_model


@pytest.mark.parametrize("is_there", [True, False])
def test_while_the_place_of_its_model_is_not_mounted_the_partition_is_not_taken_over(
    kafka: EmbeddedKafka,
    small_bundle: Bundle,
    of_another_model: str,
    tmp_path: Path,
    *,
    is_there: bool,
) -> None:
    #  as the mount point, it may be an empty folder
    place = tmp_path / "not mounted"
    if is_there:
        place.mkdir()
    station = Station(kafka, small_bundle, bundles=place)

    with pytest.raises(
        BundleError,
        match=f"^bundle {of_another_model} judged 'pm3', and there is no model in "
        f"'{place}'; mount it",
    ):
        station.take_over(30)


def test_nor_where_its_model_is_wanted_and_no_place_of_models_is_named(
    kafka: EmbeddedKafka, small_bundle: Bundle, of_another_model: str
) -> None:
    #  as a worker of a group whose others have one
    station = Station(kafka, small_bundle)
    assert not asyncio.run(station.shelf.put_to_work(of_another_model))

    with pytest.raises(
        BundleError,
        match=f"^bundle {of_another_model} judged 'pm3', and DETECTOR_BUNDLES is not set; name",
    ):
        station.take_over(30)


def test_nor_while_its_model_is_there_and_cannot_be_used(
    kafka: EmbeddedKafka, small_bundle: Bundle, of_another_model: str, tmp_path: Path
) -> None:
    (tmp_path / "models/other/model.onnx").write_bytes(b"half of i")
    station = Station(kafka, small_bundle, bundles=tmp_path / "models")

    with pytest.raises(
        BundleError,
        match=rf"bundle {of_another_model} judged 'pm3', and cannot be used: .*model\.onnx",
    ):
        station.take_over(30)


@pytest.mark.usefixtures("of_another_model")
@pytest.mark.parametrize("is_place_named", [True, False])
def test_a_model_that_was_deleted_is_told_of_and_the_log_is_judged_by_another(
    kafka: EmbeddedKafka,
    small_bundle: Bundle,
    small_bundle_folder: Path,
    records: list[Record],
    *,
    is_place_named: bool,
) -> None:
    #  without one, it is the worker's own before DETECTOR_BUNDLE was changed
    bundles = small_bundle_folder.parent if is_place_named else None
    station = Station(kafka, small_bundle, bundles=bundles)

    with capture_logs() as told:
        states = station.take_over(30)

    assert states == states_of(judged(small_bundle, records[:30]))
    (gone,) = [one for one in told if one["event"] == "recovery.model-gone"]
    assert (gone["machines"], gone["log_level"]) == ("'pm3'", "warning")
