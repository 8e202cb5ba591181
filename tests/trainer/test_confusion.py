import pytest

from trainer.confusion import Confusion


def test_each_class_has_its_own_precision_recall_and_f1() -> None:
    #            not over  over
    #  normal         90     6
    #  positive        1     3
    normal, positive = Confusion(90, 6, 1, 3).classes

    assert (normal.precision, normal.recall) == (90 / 91, 90 / 96)
    assert normal.f1 == pytest.approx(2 * 90 / (90 + 91 + 6))
    assert (positive.precision, positive.recall) == (3 / 9, 3 / 4)
    assert positive.f1 == pytest.approx(6 / 13)
    assert (normal.n_rows, positive.n_rows) == (96, 4)


def test_accuracy_is_high_for_who_never_warns_of_what_is_rare() -> None:
    silent = Confusion(99, 0, 1, 0)

    assert silent.accuracy == 0.99
    assert silent.classes[1].f1 == 0.0
    assert silent.classes[1].precision is None
