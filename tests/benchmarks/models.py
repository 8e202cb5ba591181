"""What is measured: a network, alone and as the level part of a bundle of the default recipe."""

import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle, read_bundle
from stream_detector.replay.recording import Recording
from tests.benchmarks.plant import N_SENSORS, history
from trainer.architectures import STACKED_READINGS, NetworkConfig
from trainer.config import NetworkSettings, TrainingConfig
from trainer.export_network import reconstruct
from trainer.fitting import FittedNetwork
from trainer.keras_models import build
from trainer.onnx_graph import GraphWriter
from trainer.run import fit
from trainer.score_parts import NetworkSpace

NETWORKS = {
    "dense": NetworkSettings(kind="dense"),
    "LSTM 5": NetworkSettings(kind="lstm", window=5),
    "LSTM 30": NetworkSettings(kind="lstm", window=30),
}


class Untrained:
    """A fitter that leaves a network at its first weights: to compute, they cost the same."""

    def __init__(self, config: NetworkConfig) -> None:
        weights = build(config, n_sensors=N_SENSORS).autoencoder.get_weights()
        no_losses = np.zeros(1, np.float32)
        self.config = config
        self.network = FittedNetwork(config, N_SENSORS, tuple(weights), no_losses)

    def fit(
        self,
        windows: NDArray[np.float32],  # noqa: ARG002
        space: NetworkSpace,  # noqa: ARG002
        *,
        learn_from: NDArray[np.intp],  # noqa: ARG002
        validate_on: NDArray[np.intp] | None = None,  # noqa: ARG002
        name: str = "network",  # noqa: ARG002
    ) -> FittedNetwork:
        return self.network


@dataclass(frozen=True, eq=False)
class Subject:
    """A network in all the forms in which it is measured; each is made when it is asked for."""

    settings: NetworkSettings
    training_rows: int

    @cached_property
    def network(self) -> FittedNetwork:
        """The network itself; its Keras model is in it."""
        return self._fitter.network

    @cached_property
    def graph(self) -> bytes:
        """The network as ONNX: ``window`` (n, window_size, p) to ``score`` (n,)."""
        return plain_graph(self.network)

    @cached_property
    def scaler(self) -> StandardScaler:
        """What scales the readings for the network alone."""
        return StandardScaler().fit(self._history.values)

    @cached_property
    def bundle(self) -> Bundle:
        """The default recipe around the network, by the trainer's own run."""
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary, "bundle")
            self.write_bundle(folder)
            return read_bundle(folder)

    def write_bundle(self, folder: Path) -> None:
        """Write that bundle into a folder."""
        config = TrainingConfig(network=self.settings, holdout=0.0)
        fit(self._history, folder, config, rules=Rules(), make_fitter=lambda _: self._fitter)

    @cached_property
    def _fitter(self) -> Untrained:
        return Untrained(TrainingConfig(network=self.settings).network_config)

    @cached_property
    def _history(self) -> Recording:
        return history(self.training_rows)


def plain_graph(network: FittedNetwork) -> bytes:
    """Export a network as it is, without whitening, with its mean squared residual as the score."""
    graph, window_size, p = GraphWriter(), network.config.window_size, network.n_sensors
    rows = target = graph.add("Reshape", "window", graph.ints(-1, window_size * p))
    n_columns = STACKED_READINGS * p
    if window_size > STACKED_READINGS:
        first, last = graph.ints(-n_columns), graph.ints(window_size * p)
        target = graph.add("Slice", rows, first, last, graph.ints(1))
    if network.config.kind == "lstm":
        rows = graph.add("Transpose", "window", perm=[1, 0, 2])
    residual = graph.add("Sub", target, reconstruct(graph, network, rows, p=p).rows)
    squares = graph.add("ReduceSumSquare", residual, axes=[1], keepdims=0)
    graph.add("Mul", squares, graph.floats(1 / n_columns), out="score")
    return graph.serialize(inputs={"window": ("n", window_size, p)}, outputs={"score": ("n",)})
