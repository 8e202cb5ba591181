"""Train a network in whitened coordinates: same data, same configuration, same weights.

A step of these networks takes a millisecond or less, so calling it is what costs. Fifty
steps run as one compiled loop: 1,500 steps of the LSTM take 1.8 s after 6 s of
compilation, where ``Model.fit`` with ``jit_compile`` and ``steps_per_execution`` takes
4 to 5 s after 9 s (one core, 59 sensors, window 5). It is compiled once for all fits of
a cross-fitting, which put the first weights and the optimizer's state back.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stream_detector.errors import TrainingError
from trainer.architectures import NetworkConfig
from trainer.keras_models import KerasModels, build
from trainer.quiet_tensorflow import keras, tf
from trainer.score_parts import Coordinates

_STEPS_PER_CALL = 50
"""Steps of one compiled loop: more gain nothing, and the progress would come seldom."""

_LAST_RATE = 0.02
"""Rate of the last step as a share of the first one's."""


class Progress(Protocol):
    """Told how a fit gets on, some thirty times."""

    def __call__(self, name: str, step: int, n_steps: int, loss: float) -> None:
        """``step`` of ``n_steps`` of the fit ``name`` are done; mean loss of the last ones."""
        ...


@dataclass(frozen=True, eq=False)
class FittedNetwork:
    """A trained autoencoder of the last 4 readings.

    Parameters
    ----------
    config : NetworkConfig
    n_sensors : int
    weights : tuple of float32 arrays
        In the order of the plan.
    losses : float32 array, shape (steps,)
        Mean squared residual of every step's batch, weight decay included.
    """

    config: NetworkConfig
    n_sensors: int
    weights: tuple[NDArray[np.float32], ...]
    losses: NDArray[np.float32]

    @functools.cached_property
    def models(self) -> KerasModels:
        """The network in Keras, in whitened coordinates."""
        models = build(self.config, n_sensors=self.n_sensors)
        models.autoencoder.set_weights(self.weights)
        return models

    def reconstruct(self, whitened: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Give back the last 4 readings, whitened side by side, shape (n, 4 * p)."""
        # Called directly: predict() would compile for 5 s to save one.
        return np.asarray(self.models.autoencoder(whitened))


class NetworkFitter:
    """A compiled network that can be trained again and again from the same start.

    Parameters
    ----------
    config : NetworkConfig
    n_sensors : int
    progress : Progress, optional
    tensorboard : Path, optional
        Folder for TensorBoard's logs, one folder below per fit.
    """

    def __init__(
        self,
        config: NetworkConfig,
        *,
        n_sensors: int,
        progress: Progress | None = None,
        tensorboard: Path | None = None,
    ) -> None:
        self.config = config
        self._n_sensors = n_sensors
        self._progress = progress
        self._tensorboard = tensorboard
        keras.utils.set_random_seed(config.seed)
        self._model = build(config, n_sensors=n_sensors).autoencoder
        optimizer = keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(config.rate, config.steps, alpha=_LAST_RATE)
        )
        optimizer.build(self._model.trainable_variables)
        self._run = _compiled_steps(self._model, optimizer, decay=config.decay)
        self._variables = [*self._model.variables, *optimizer.variables]
        self._start = [variable.numpy() for variable in self._variables]

    def fit(
        self,
        windows: NDArray[np.float32],
        coordinates: Coordinates,
        *,
        learn_from: NDArray[np.intp] | None = None,
        name: str = "network",
    ) -> FittedNetwork:
        """Train on whitened windows.

        Parameters
        ----------
        windows : float32 array, shape (n, window_size, p)
            Scaled and clipped. Batches are drawn, and whitened, as they are needed.
        coordinates : Coordinates
            Fitted on the windows to learn from.
        learn_from : integer array, optional
            Numbers of the windows to learn from. Default all.
        name : str, optional
            For the progress and TensorBoard.

        Raises
        ------
        TrainingError
            If the loss does not stay finite.
        """
        for variable, value in zip(self._variables, self._start, strict=True):
            variable.assign(value)
        config = self.config
        numbers = np.arange(len(windows)) if learn_from is None else learn_from
        rng = np.random.default_rng(config.seed)
        losses = np.empty(config.steps, np.float32)
        with self._writer(name).as_default():
            for start in range(0, config.steps, _STEPS_PER_CALL):
                stop = min(start + _STEPS_PER_CALL, config.steps)
                # Always as many batches as fit in: one shape is one compilation.
                drawn = windows[rng.choice(numbers, _STEPS_PER_CALL * config.batch)]
                inputs, targets = (
                    tf.constant(rows.reshape(-1, config.batch, *rows.shape[1:]), tf.float32)
                    for rows in (coordinates.inputs(config.kind, drawn), coordinates.targets(drawn))
                )
                done = self._run(inputs, targets, stop - start)
                losses[start:stop] = done.numpy()[: stop - start]
                self._report(name, stop, float(losses[start:stop].mean()))
        return FittedNetwork(config, self._n_sensors, tuple(self._model.get_weights()), losses)

    def _writer(self, name: str) -> Any:
        if self._tensorboard is None:
            return tf.summary.create_noop_writer()
        return tf.summary.create_file_writer(str(self._tensorboard / name))

    def _report(self, name: str, step: int, loss: float) -> None:
        if not math.isfinite(loss):
            raise TrainingError(
                f"{name}: the loss was {loss} after {step} steps; lower the rate of "
                f"{self.config.rate:g} or choose the activation tanh"
            )
        tf.summary.scalar("loss", loss, step=step)
        if self._progress is not None:
            self._progress(name, step, self.config.steps, loss)


def _compiled_steps(model: Any, optimizer: Any, *, decay: float) -> Callable[[Any, Any, int], Any]:
    """Compile a loop of steps: inputs and targets, shape (n, batch, ...), to losses, shape (n,).

    It ends after as many steps as its last argument says, which may be fewer than n.
    """
    kernels = [v for v in model.trainable_variables if len(v.shape) > 1]

    def step(inputs: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            residual = model(inputs, training=True) - targets
            squares = tf.add_n([tf.reduce_sum(tf.square(kernel)) for kernel in kernels])
            loss = tf.reduce_mean(tf.square(residual)) + decay / 2 * squares / len(kernels)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    def steps(inputs: Any, targets: Any, n_steps: Any) -> Any:
        losses = tf.zeros(inputs.shape[0])
        number = tf.constant(0)
        while number < n_steps:
            loss = step(inputs[number], targets[number])
            losses = tf.tensor_scatter_nd_update(losses, [[number]], [loss])
            number += 1
        return losses

    compiled = tf.function(steps, jit_compile=True)
    return lambda inputs, targets, n_steps: compiled(inputs, targets, tf.constant(n_steps))
