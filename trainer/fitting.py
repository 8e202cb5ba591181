"""Train a network: same data, same configuration, same weights.

A step of these networks takes a millisecond or less, so calling it is what costs. Fifty
steps run as one compiled loop: 1,500 steps of the LSTM take 1.8 s after 6 s of
compilation, where ``Model.fit`` with ``jit_compile`` and ``steps_per_execution`` takes
4 to 5 s after 9 s (one core, 59 sensors, window 5). It is compiled once for all fits of
a cross-fitting, which put the first weights and the optimizer's state back.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stream_detector.errors import TrainingError
from trainer.architectures import NetworkConfig
from trainer.course import Checkpoint, calls, n_steps_of
from trainer.keras_models import KerasModels, before_code, build
from trainer.objective import Objective, twice_divergence
from trainer.quiet_tensorflow import keras, tf
from trainer.score_parts import NetworkSpace

_LAST_RATE = 0.02
"""Rate of the last of a fixed number of steps, as a share of the first one's."""


Progress = Callable[[str, int, int, float], None]
"""Told how a fit gets on, some thirty times or once per epoch: its name, steps done, of how many,
and the mean loss of the last ones."""


class _Steps(Protocol):
    """A compiled loop of steps: inputs and targets, (n * batch, ...), to losses, (n,)."""

    def __call__(self, inputs: Any, targets: Any, *, first: int, n_steps: int) -> Any:
        """Do the steps from number ``first`` of the fit on; ``n_steps`` may be fewer than n."""
        ...


@dataclass(frozen=True, eq=False)
class FittedNetwork:
    """A trained autoencoder of the last readings.

    Parameters
    ----------
    config : NetworkConfig
    n_sensors : int
    weights : tuple of float32 arrays
        In the order of the plan.
    losses : float32 array, shape (steps,)
        Of every step's batch, with all that was added to the mean squared residual.
    validation_losses : float32 array, shape (epochs,)
        Mean squared residual of the rows to validate on; empty after a fixed number of steps.
    """

    config: NetworkConfig
    n_sensors: int
    weights: tuple[NDArray[np.float32], ...]
    losses: NDArray[np.float32]
    validation_losses: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))

    @functools.cached_property
    def models(self) -> KerasModels:
        """The network in Keras, without what is around it."""
        models = build(self.config, n_sensors=self.n_sensors)
        models.set_weights(self.weights)
        return models

    def reconstruct(self, rows: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Give back the last readings side by side, shape (n, readings_back * p)."""
        # Called directly: predict() would compile for 5 s to save one.
        return np.asarray(self.models.autoencoder(rows))

    def divergence(self, rows: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Give what the ELBO adds to the mean squared residual, shape (n,)."""
        hidden = before_code(self.models, tf.constant(rows, tf.float32))
        mean, log_variance = self.models.encoder.layers[-1](hidden), self.models.spread(hidden)
        n_columns = self.config.readings_back * self.n_sensors
        twice = np.asarray(twice_divergence(mean, log_variance), np.float64)
        return self.config.variational / n_columns * twice


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
        self._models = build(config, n_sensors=n_sensors)
        objective = Objective(config, self._models)
        objective.constrain()
        optimizer = _optimizer(config)
        optimizer.build(objective.variables)
        self._run = _compiled_steps(objective, optimizer, batch=config.batch)
        self._residual = _compiled_residual(self._models.autoencoder)
        self._variables = [*self._models.variables, *optimizer.variables]
        self._start = [variable.numpy() for variable in self._variables]

    def fit(
        self,
        windows: NDArray[np.float32],
        space: NetworkSpace,
        *,
        learn_from: NDArray[np.intp],
        validate_on: NDArray[np.intp] | None = None,
        name: str = "network",
    ) -> FittedNetwork:
        """Train on windows.

        Parameters
        ----------
        windows : float32 array, shape (n, window_size, p)
            Scaled and clipped. Batches are drawn, and whitened, as they are needed.
        space : NetworkSpace
            Fitted on the windows to learn from.
        learn_from : integer array
            Numbers of the windows to learn from.
        validate_on : integer array, optional
            Numbers of the windows to validate on after every epoch, which a configuration in
            epochs needs.
        name : str, optional
            For the progress and TensorBoard.

        Raises
        ------
        TrainingError
            If the loss does not stay finite.
        """
        for variable, value in zip(self._variables, self._start, strict=True):
            variable.assign(value)
        validation = None if validate_on is None else self._tensors(windows[validate_on], space)
        n_steps = n_steps_of(self.config, len(learn_from))
        best = Checkpoint(self.config.patience)
        losses = np.empty(0, np.float32)
        with self._writer(name).as_default():
            for call in calls(self.config, learn_from):
                rows = self._tensors(windows[call.windows], space)
                done = self._run(*rows, first=len(losses), n_steps=call.n_steps)
                losses = np.append(losses, done.numpy()[: call.n_steps])
                if call.ends_epoch and validation is not None:
                    self._validate(validation, best, step=len(losses))
                    n_steps = len(losses) if best.is_old else n_steps
                loss = float(losses[-call.n_steps :].mean())
                self._report(name, len(losses), n_steps, loss)
                if best.is_old:
                    break
        return FittedNetwork(
            self.config,
            self._n_sensors,
            tuple(best.weights or self._models.weights),
            losses,
            np.array(best.losses, np.float32),
        )

    def _validate(self, rows: tuple[Any, ...], best: Checkpoint, *, step: int) -> None:
        loss = float(self._residual(*rows))
        tf.summary.scalar("validation loss", loss, step=step)
        if best.is_lower(loss):
            best.weights = self._models.weights

    def _tensors(self, windows: NDArray[np.float32], space: NetworkSpace) -> tuple[Any, ...]:
        """Give what the network reads of windows, and what it should give back."""
        rows = (space.inputs(self.config.kind, windows), space.targets(windows))
        return tuple(tf.constant(one, tf.float32) for one in rows)

    def _writer(self, name: str) -> Any:
        if self._tensorboard is None:
            return tf.summary.create_noop_writer()
        return tf.summary.create_file_writer(str(self._tensorboard / name))

    def _report(self, name: str, step: int, n_steps: int, loss: float) -> None:
        if not math.isfinite(loss):
            raise TrainingError(
                f"{name}: the loss was {loss} after {step} steps; lower the rate of "
                f"{self.config.rate:g} or choose the activation tanh"
            )
        tf.summary.scalar("loss", loss, step=step)
        if self._progress is not None:
            self._progress(name, step, n_steps, loss)


def _optimizer(config: NetworkConfig) -> Any:
    rate = config.rate
    if config.epochs is None:
        rate = keras.optimizers.schedules.CosineDecay(rate, config.steps, alpha=_LAST_RATE)
    kinds = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop}
    return kinds[config.optimizer](rate)


def _compiled_steps(objective: Objective, optimizer: Any, *, batch: int) -> _Steps:
    """Compile a loop of steps."""

    def step(inputs: Any, targets: Any, number: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = objective.loss(inputs, targets, step=number)
        optimizer.apply(tape.gradient(loss, objective.variables), objective.variables)
        objective.constrain()
        return loss

    def steps(inputs: Any, targets: Any, first: Any, n_steps: Any) -> Any:
        inputs, targets = (
            tf.reshape(one, (-1, batch, *one.shape[1:])) for one in (inputs, targets)
        )
        losses = tf.zeros(inputs.shape[0])
        number = tf.constant(0)
        while number < n_steps:
            loss = step(inputs[number], targets[number], first + tf.cast(number, tf.int64))
            losses = tf.tensor_scatter_nd_update(losses, [[number]], [loss])
            number += 1
        return losses

    compiled = tf.function(steps, jit_compile=True)
    return lambda inputs, targets, *, first, n_steps: compiled(
        inputs, targets, tf.constant(first, tf.int64), tf.constant(n_steps)
    )


def _compiled_residual(model: Any) -> Any:
    """Compile the mean squared residual of all rows: inputs and targets to a number."""
    return tf.function(
        lambda inputs, targets: tf.reduce_mean(tf.square(model(inputs) - targets)),
        jit_compile=True,
    )
