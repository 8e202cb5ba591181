"""What trains the network of a configuration, for whoever trains many."""

from collections.abc import Callable

from trainer.config import TrainingConfig
from trainer.crossfit import Fitter


def make_fitter(config: TrainingConfig) -> Callable[[int], Fitter] | None:
    """Give what makes the trainer of a network for so many sensors; None without a network."""
    network = config.network_config
    if network.kind == "linear":
        return None
    # TensorFlow takes seconds to load: only where it is needed.
    from trainer.fitting import NetworkFitter  # noqa: PLC0415

    return lambda n_sensors: NetworkFitter(network, n_sensors=n_sensors)
