from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_detector.errors import TrainingError
from tests.trainer.networks import (
    PlainNetwork,
    PrincipalComponents,
    correlated_windows,
    parts_with,
    untrained_network,
)
from trainer.architectures import DENSE
from trainer.export import export
from trainer.parity import check_parity, level_size
from trainer.score_parts import ScoreParts


def test_a_graph_of_other_parts_is_refused() -> None:
    windows = correlated_windows(n_rows=256, window_size=5, n_sensors=3)
    parts = parts_with(untrained_network(DENSE, n_sensors=3), windows, windows[:, -1])
    other = export(replace(parts, network_unit=parts.network_unit * 1.001))

    with pytest.raises(TrainingError, match=r"level differs from Keras by \d"):
        check_parity(other, parts, windows, windows[:, -1])


def test_a_network_that_leaves_a_thousandth_differs_by_rounding_alone() -> None:
    parts, windows = _parts_that_leave(0.001)

    check_parity(export(parts), parts, windows, windows[:, -1])


def test_a_graph_that_leaves_a_tenth_more_of_a_thousandth_is_refused() -> None:
    parts, windows = _parts_that_leave(0.001)
    other, _ = _parts_that_leave(0.0011)
    graph = export(replace(other, network_unit=parts.network_unit))

    with pytest.raises(TrainingError, match=r"level differs from Keras by \d"):
        check_parity(graph, parts, windows, windows[:, -1])


def test_the_size_of_a_small_residual_is_that_of_what_was_subtracted() -> None:
    """Whitened w = (2, 2, 2, 2, 2): the linear half is 4, and the network leaves 0.002 of each.

    Its half is 0.002 ** 2 in units of the same, 1; what w would be in them is 1e6. So the
    size is (4 + sqrt(1 * 1e6)) / 2.
    """
    parts, windows = _parts_that_leave(0.001)
    whitening = replace(parts.coordinates.level, mean=np.zeros(5), matrix=np.eye(5))
    coordinates = replace(parts.coordinates, level=whitening)
    parts = replace(parts, coordinates=coordinates, linear_unit=1.0, network_unit=0.002**2)

    size = level_size(parts, np.full_like(windows[:1], 2.0))

    assert size == pytest.approx([502.0], rel=1e-3)


def _parts_that_leave(share: float) -> tuple[ScoreParts, NDArray[np.float32]]:
    """Make parts of one sensor whose network gives all of it back but a share."""
    windows = correlated_windows(n_rows=256, window_size=5, n_sensors=1)
    parts = parts_with(None, windows, windows[:, -1])
    fitter = PrincipalComponents(code=5)
    everything = fitter.fit(windows, parts.coordinates, learn_from=np.arange(len(windows)))
    into, bias, back, offset = everything.weights
    network = PlainNetwork(
        everything.config, (into, bias, back * np.float32(1 - share), offset), everything.losses
    )
    residuals = parts.coordinates.residuals(network, windows)
    unit = float(np.median(np.square(residuals).mean(axis=1)))
    return replace(parts, network=network, network_unit=unit), windows
