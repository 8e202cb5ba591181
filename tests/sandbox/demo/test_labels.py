"""What the labels of a recording say happened."""

import pytest

from stream_detector.replay.recording import LabelKind
from stream_detector.sandbox.demo.labels import read_labels
from tests.sandbox.demo.messages import at, recording

MINUTES = (0, 2, 4, 6, 8)


def test_each_labelled_event_is_a_break() -> None:
    assert read_labels(recording(*MINUTES, labelled=(2, 6))).breaks == (at(2), at(6))


def test_a_label_that_stays_is_one_break() -> None:
    assert read_labels(recording(*MINUTES, labelled=(2, 4, 8))).breaks == (at(2), at(8))


def test_labelled_rows_in_a_row_are_one_stretch() -> None:
    labels = read_labels(recording(*MINUTES, labelled=(0, 2, 8), kind="rows"))

    assert labels.anomalies == ((at(0), at(2)), (at(8), at(8)))


@pytest.mark.parametrize(
    ("labelled", "kind", "said"),
    [
        ((2, 6), "event", "breaks: 2"),
        ((), "event", "breaks: 0"),
        ((0, 2, 8), "rows", "stretches labelled as anomalous: 2"),
        ((), "rows", "stretches labelled as anomalous: 0"),
        (None, "event", "no labels"),
    ],
)
def test_labels_say_how_many_there_are(
    labelled: tuple[float, ...] | None, kind: LabelKind, said: str
) -> None:
    assert str(read_labels(recording(*MINUTES, labelled=labelled, kind=kind))) == said
