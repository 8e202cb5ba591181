"""On what a measurement was made: the machine, its load, the versions and the threads."""

import os
import platform
import sysconfig
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PACKAGES = (
    "numpy",
    "onnxruntime",
    "msgspec",
    "tensorflow",
    "keras",
    "scikit-learn",
    "faust-streaming",
    "mode-streaming",
    "aiokafka",
    "confluent-kafka",
)


def environment() -> dict[str, Any]:
    """Describe it as plain data."""
    return {
        "cpu": _cpu(),
        "cpus": os.cpu_count(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "system": platform.platform(),
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in _PACKAGES},
        },
        # A Python without profile-guided optimisation takes some 1.3 times as long: pyenv's, if
        # nothing is said. Debian's and those of the images have it.
        "python_configured_with": sysconfig.get_config_var("CONFIG_ARGS"),
        "threads": {
            name: value for name, value in sorted(os.environ.items()) if name.endswith("_THREADS")
        },
    }


def _cpu() -> str:
    """Name the processor; Linux tells more than Python does."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
