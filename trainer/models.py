"""The models by name: what ``--model`` takes, each a few settings of one network.

A model is a starting point: every setting can be changed in a configuration file. Each
works in both forms, inside the default recipe and plain as published.

References
----------
``dense-32-16-16-32`` and ``lstm``: Ranjan et al. (2018), "Dataset: rare event
classification in multivariate time series", arXiv:1809.10717, and the articles that came
with it. ``tied`` to ``well-posed``: Ranjan (2019), "Build the right autoencoder: tune and
optimize using PCA principles".
"""

from collections.abc import Mapping

from trainer.architectures import DENSE, LINEAR, LSTM, NetworkConfig

MODELS: Mapping[str, NetworkConfig] = {
    # The default, and the same with no network at all.
    "dense": DENSE,
    "linear": LINEAR,
    # 32-16, the code repeated, 16-32; over 5 readings.
    "lstm": LSTM,
    "dense-32-16-16-32": NetworkConfig(
        layers=(32,),
        code=16,
        decoder=(16, 32),
        activation="relu",
        code_activation="relu",
        sparsity=1e-3,
    ),
    "dense-32-16-32": NetworkConfig(
        layers=(32,), code=16, activation="relu", code_activation="relu"
    ),
    "stacked-linear": NetworkConfig(
        layers=(6, 4), code=2, activation="linear", optimizer="rmsprop"
    ),
    # A code that is a distribution, judged by the residual or by both terms of its loss.
    "variational": NetworkConfig(variational=1.0),
    "variational-elbo": NetworkConfig(variational=1.0, score="elbo"),
    # Made to repair what was disturbed, so that it cannot just hand its inputs through.
    "denoising": NetworkConfig(noise=0.3),
    "denoising-dropout": NetworkConfig(dropout=0.2),
    # More units than columns (up to 64 sensors in the default recipe): sparse, not narrow.
    "overcomplete": NetworkConfig(layers=(), code=256, code_activation="relu", sparsity=1e-3),
    # One linear layer to the code and one back, as principal components are, and what these
    # have besides.
    "tied": NetworkConfig(layers=(), activation="linear", tied=True),
    "orthogonal": NetworkConfig(layers=(), activation="linear", orthogonality=1.0),
    "unit-norm": NetworkConfig(layers=(), activation="linear", unit_norm=True),
    "uncorrelated": NetworkConfig(layers=(), activation="linear", decorrelation=1.0),
    "well-posed": NetworkConfig(
        layers=(),
        activation="linear",
        tied=True,
        unit_norm=True,
        orthogonality=1.0,
        decorrelation=1.0,
    ),
}
