"""A listener in front of a scripted engine, as a process: prints its address, and stays until it is killed."""

import asyncio
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from runtime.encoding import TextEncoder
from runtime.keyring import KeyFile, file_of
from runtime.limits import Limits
from runtime.logbook import Logbook
from tests.support.appliance import appliance, script
from tests.support.encoders import furnish_encoder
from tests.support.engine import EngineSimulator
from tests.support.voices import VoicesSimulator


async def main() -> None:
    with ExitStack() as parts:
        folder = Path(parts.enter_context(TemporaryDirectory()))
        encoder = TextEncoder.load(furnish_encoder(folder, "embed"), "embed", threads=1)
        engine = EngineSimulator(script("Hello there, this is an answer."))
        book, keys = Logbook(500), KeyFile(file_of(folder))
        parts.enter_context(book.listening())
        async with appliance(
            engine, limits=Limits(), encoders=[encoder], keys=keys, log=book, voices=VoicesSimulator()
        ) as served:
            sys.stdout.write(f"{served.url}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
