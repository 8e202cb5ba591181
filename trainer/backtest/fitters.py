"""What trains the network of a configuration, for whoever trains many."""

import functools
from collections.abc import Callable

from trainer.architectures import NetworkConfig
from trainer.config import TrainingConfig
from trainer.crossfit import Fitter


def make_fitter(config: TrainingConfig) -> Callable[[int], Fitter] | None:
    """Give what makes the trainer of a network for so many sensors; None without a network."""
    network = config.network_config
    return None if network.kind == "linear" else functools.partial(_fitter, network)


@functools.cache
def _fitter(network: NetworkConfig, n_sensors: int) -> Fitter:
    """Compile a network once for all folds: it takes seconds, and every fit starts anew."""
    # TensorFlow takes seconds to load: only where it is needed.
    from trainer.fitting import NetworkFitter  # noqa: PLC0415

    return NetworkFitter(network, n_sensors=n_sensors)
