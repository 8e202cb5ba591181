"""How the programs log: one line per change of state, facts as keys, never a secret."""

import logging
import os
import sys
from typing import NoReturn

import structlog

from stream_detector.connections.settings import Settings


def configure_logging(settings: Settings) -> None:
    """Send our log lines, and those of the libraries, to standard error in one form."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor
    if settings.log_format == "json":
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    handler.addFilter(_is_of_interest)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("aiobotocore", "botocore", "faust", "httpx2", "mode"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    # It tells of each address that somebody mistypes.
    logging.getLogger("nicegui").setLevel(logging.ERROR)
    # They tell each of a hundred retries a second, each message, or each span that is dropped; our
    # own lines say what that means.
    for name in ("aiokafka", "asyncua", "opentelemetry"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def end_at_once() -> NoReturn:
    """End the process with 1, and with all that was logged told: nothing is waited for.

    An event loop that hangs cannot be asked to end, and one that ends would commit what failed.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


def _is_of_interest(record: logging.LogRecord) -> bool:
    # Faust tells, in the name of our own modules, of each of its services that starts or stops.
    return record.levelno >= logging.WARNING or not record.getMessage().startswith("[^")
