"""A model in this process, for commands that need no appliance."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from runtime.completion import Completer
from runtime.config import Config
from runtime.console.terminal import StatusLine
from runtime.loading import find_bundle, load_completer


@asynccontextmanager
async def local_completer(config: Config, state: Path, status: StatusLine) -> AsyncIterator[Completer]:
    """Load the configured model from the store of `state`; close its engine at the end.

    Raises:
        StoreError: the model is not on this machine.
        PolicyError: the owner's policy rules out its licence.
        BundleError: it cannot be loaded.
    """
    bundle = find_bundle(config, state)
    status.show(f"loading {bundle.reference}")
    try:
        completer = await asyncio.to_thread(load_completer, bundle, config, state)
    finally:
        status.clear()
    try:
        yield completer
    finally:
        await completer.engine.close()
