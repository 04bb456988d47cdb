"""A model in this process, for commands that need no appliance."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from models.store import Store, default_state_dir
from runtime.completion import Completer
from runtime.config import Config
from runtime.console.terminal import StatusLine
from runtime.loading import load_completer


@asynccontextmanager
async def local_completer(config: Config, status: StatusLine) -> AsyncIterator[Completer]:
    """Load the configured model; close its engine at the end.

    Raises:
        StoreError: the model is not on this machine.
        BundleError: it cannot be loaded.
    """
    bundle = Store(default_state_dir() / "models").resolve(config.model.name)
    status.show(f"loading {bundle.reference}")
    try:
        completer = await asyncio.to_thread(load_completer, bundle, config)
    finally:
        status.clear()
    try:
        yield completer
    finally:
        await completer.engine.close()
