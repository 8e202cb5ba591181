"""Rows by what they were and by what they were taken for."""

from typing import NamedTuple


class Confusion(NamedTuple):
    """Rows by what they were and by whether they were over the threshold in force."""

    true_negatives: int
    false_positives: int
    false_negatives: int
    true_positives: int

    @property
    def recall(self) -> float | None:
        """Share of the positive rows that were over the threshold."""
        positives = self.true_positives + self.false_negatives
        return self.true_positives / positives if positives else None

    @property
    def precision(self) -> float | None:
        """Share of the rows over the threshold that were positive."""
        over = self.true_positives + self.false_positives
        return self.true_positives / over if over else None

    @property
    def false_positive_rate(self) -> float | None:
        """Share of the negative rows that were over the threshold."""
        negatives = self.true_negatives + self.false_positives
        return self.false_positives / negatives if negatives else None

    @property
    def classes(self) -> tuple["ClassFigures", "ClassFigures"]:
        """How well each class was told from the other: rows not to be warned at, and those to."""
        tn, fp, fn, tp = self
        return ClassFigures(tn, fn, fp), ClassFigures(tp, fp, fn)

    @property
    def accuracy(self) -> float:
        """Share of all rows taken for what they were: high wherever positive rows are rare."""
        return (self.true_negatives + self.true_positives) / max(sum(self), 1)

    @property
    def share_over(self) -> float:
        """Share of all rows over the threshold: the recall of as many rows drawn at random."""
        return (self.true_positives + self.false_positives) / max(sum(self), 1)


class ClassFigures(NamedTuple):
    """Rows of one class: taken for it rightly, taken for it wrongly, and taken for the other.

    >>> one = ClassFigures(right=2, wrongly_in=2, wrongly_out=1)
    >>> one.precision, one.recall, one.f1, one.n_rows
    (0.5, 0.6666666666666666, 0.5714285714285714, 3)
    """

    right: int
    wrongly_in: int
    wrongly_out: int

    @property
    def n_rows(self) -> int:
        """Rows of the class."""
        return self.right + self.wrongly_out

    @property
    def precision(self) -> float | None:
        """Share of what was taken for it that was it; None where nothing was."""
        taken = self.right + self.wrongly_in
        return self.right / taken if taken else None

    @property
    def recall(self) -> float | None:
        """Share of it that was taken for it; None where there is none."""
        return self.right / self.n_rows if self.n_rows else None

    @property
    def f1(self) -> float:
        """Harmonic mean of both; 0 where nothing is right."""
        return 2 * self.right / max(2 * self.right + self.wrongly_in + self.wrongly_out, 1)
