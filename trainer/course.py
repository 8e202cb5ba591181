"""The course of a fit: which windows it learns from when, and which weights it keeps."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer.architectures import NetworkConfig

STEPS_PER_CALL = 50
"""Steps of one compiled loop: more gain nothing, and the progress would come seldom."""


class Call(NamedTuple):
    """One call of the compiled loop.

    Parameters
    ----------
    windows : integer array, shape (size * batch,)
        Numbers of the windows, batch after batch. Always as many: one shape is one
        compilation.
    n_steps : int
        Batches of these to learn from.
    ends_epoch : bool
    """

    windows: NDArray[np.intp]
    n_steps: int
    ends_epoch: bool


def n_steps_of(config: NetworkConfig, n_windows: int) -> int:
    """Say how many steps a fit on so many windows takes, if it does not end early."""
    if config.epochs is None:
        return config.steps
    return config.epochs * _steps_per_epoch(config, n_windows)


def calls(config: NetworkConfig, numbers: NDArray[np.intp]) -> Iterator[Call]:
    """Draw the windows to learn from: at random for a number of steps, or each once an epoch.

    An epoch leaves out the few windows that make no whole batch: others every time.

    Examples
    --------
    >>> config = NetworkConfig(epochs=2, batch=4)
    >>> [(len(call.windows), call.n_steps, call.ends_epoch) for call in calls(config, np.arange(9))]
    [(8, 2, True), (8, 2, True)]
    """
    rng, batch = np.random.default_rng(config.seed), config.batch
    if config.epochs is None:
        for start in range(0, config.steps, STEPS_PER_CALL):
            drawn = rng.choice(numbers, STEPS_PER_CALL * batch)
            yield Call(drawn, min(STEPS_PER_CALL, config.steps - start), ends_epoch=False)
        return
    n_steps = _steps_per_epoch(config, len(numbers))
    size = math.ceil(n_steps / math.ceil(n_steps / STEPS_PER_CALL))
    for _ in range(config.epochs):
        order = rng.permutation(numbers)
        for start in range(0, n_steps, size):
            drawn = np.resize(order[start * batch :], size * batch)
            stop = min(start + size, n_steps)
            yield Call(drawn, stop - start, ends_epoch=stop == n_steps)


def _steps_per_epoch(config: NetworkConfig, n_windows: int) -> int:
    return max(n_windows // config.batch, 1)


@dataclass
class Checkpoint:
    """The weights with the lowest validation loss so far.

    Parameters
    ----------
    patience : int or None
        Epochs without a lower one after which training may end; None for never.

    Examples
    --------
    >>> best = Checkpoint(patience=2)
    >>> [best.is_lower(loss) for loss in (3.0, 2.0, 2.5)], best.is_old
    ([True, True, False], False)
    >>> best.is_lower(2.0), best.is_old
    (False, True)
    """

    patience: int | None
    weights: list[NDArray[np.float32]] | None = None
    losses: list[float] = field(default_factory=list)
    """Of every epoch."""
    epochs_since: int = 0
    """Epochs since the lowest one."""

    def is_lower(self, loss: float) -> bool:
        """Take in the loss of an epoch; say whether its weights are to be kept."""
        is_lower = loss < min(self.losses, default=math.inf)
        self.losses.append(loss)
        self.epochs_since = 0 if is_lower else self.epochs_since + 1
        return is_lower

    @property
    def is_old(self) -> bool:
        """Whether training may end: it got no better for too long."""
        return self.patience is not None and self.epochs_since >= self.patience
