"""The log as a person, or the journal of the system, has it: on stderr."""

import logging
import os
import warnings
from collections.abc import Mapping
from typing import Final

from aiohttp import BadContentDispositionHeader, BadContentDispositionParam

_QUIET: Final = ("amqtt", "transitions", "asyncio")
"""Libraries that say more than an owner wants to read."""


def log_to_stderr(level: str, environ: Mapping[str, str] = os.environ) -> None:
    """Log lines for a person, or for the journal, which knows the time itself."""
    stamp = "" if "JOURNAL_STREAM" in environ else "%(asctime)s "
    logging.basicConfig(level=level.upper(), format=f"{stamp}%(levelname)s %(name)s: %(message)s")
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for warning in (BadContentDispositionHeader, BadContentDispositionParam):  # they quote what a caller sent
        warnings.simplefilter("ignore", warning)
