"""A listener in front of a scripted engine, as a process: prints its address, and stays until it is killed."""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from runtime.encoding import TextEncoder
from runtime.limits import Limits
from tests.support.appliance import appliance, script
from tests.support.encoders import furnish_encoder
from tests.support.engine import EngineSimulator
from tests.support.voices import VoicesSimulator


async def main() -> None:
    with TemporaryDirectory() as folder:
        encoder = TextEncoder.load(furnish_encoder(Path(folder), "embed"), "embed", threads=1)
        engine = EngineSimulator(script("Hello there, this is an answer."))
        async with appliance(engine, limits=Limits(), encoders=[encoder], voices=VoicesSimulator()) as served:
            sys.stdout.write(f"{served.url}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
