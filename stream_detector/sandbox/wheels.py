"""Find a binary that came with an installed Python package."""

from importlib import metadata
from pathlib import Path


def installed_file(distribution: str, pattern: str) -> Path | None:
    """Return the file of a distribution whose name matches ``pattern``, None if it has none.

    The list of files is the one the installer wrote; the package itself is not imported.

    Examples
    --------
    >>> installed_file("confluent-kafka", "librdkafka*.so*").exists()
    True
    >>> installed_file("no-such-distribution", "*.so") is None
    True
    """
    try:
        files = metadata.files(distribution) or ()
    except metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if file.match(pattern)), None)
