import numpy as np
import pytest
from matplotlib.figure import Figure

from trainer.explained import Explained, Residuals
from trainer.report.about_sensors import change
from trainer.report.heat import heat


def test_cells_of_a_level_are_one_path_and_neighbours_in_a_row_one_rectangle() -> None:
    #  levels 1 and 2:   . 1 1 2
    #                    2 . 1 .
    values = np.array([[0.5, 1.0, 1.5, 9.0], [2.0, np.nan, 1.0, 0.9]])
    axes = Figure().add_subplot()

    heat(axes, np.arange(5.0), values, (1.0, 2.0), "#000000")

    corners = [np.asarray(patch.get_path().vertices) for patch in axes.patches]
    spans = [
        [(rectangle[0, 0], rectangle[1, 0]) for rectangle in path.reshape(-1, 5, 2)]
        for path in corners
    ]
    assert spans == [[(1, 3), (2, 3)], [(3, 4), (0, 1)]]
    # The first row is the uppermost.
    assert axes.get_ylim() == (2, 0)


def test_sensors_are_ranked_by_how_much_their_residuals_change() -> None:
    nothing, calm = np.zeros(4), np.full(4, 0.99)
    restless = np.array([0.99, 9.99, 0.99, 0.09])
    explained = Explained(
        Residuals(nothing, calm, 90), Residuals(nothing, restless, 9), "outcome", (), 0
    )

    ranked = change(explained)

    # Ten times as large or as small is as much of a change.
    assert ranked == pytest.approx([0, np.log(10), 0, np.log(10)])
