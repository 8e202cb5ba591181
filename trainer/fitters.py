"""What trains the network of a configuration."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.architectures import NetworkConfig
from trainer.config import TrainingConfig
from trainer.crossfit import Fitter

if TYPE_CHECKING:
    from trainer.fitting import Progress


def make_fitter(
    config: TrainingConfig,
    *,
    progress: "Progress | None" = None,
    tensorboard: Path | None = None,
) -> Callable[[int], Fitter] | None:
    """Give what makes the trainer of a network for so many sensors; None without a network."""
    network = config.network_config
    if network.kind == "linear":
        return None
    return functools.partial(_fitter, network, progress=progress, tensorboard=tensorboard)


@functools.cache
def _fitter(
    network: NetworkConfig,
    n_sensors: int,
    *,
    progress: "Progress | None",
    tensorboard: Path | None,
) -> Fitter:
    """Compile a network once for all folds: it takes seconds, and every fit starts anew."""
    # TensorFlow takes seconds to load: only where it is needed.
    from trainer.fitting import NetworkFitter  # noqa: PLC0415

    return NetworkFitter(network, n_sensors=n_sensors, progress=progress, tensorboard=tensorboard)
