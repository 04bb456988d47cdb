"""Texts to vectors for whoever asks over HTTP: beside the event loop, one run at a time, and who waits is counted.

Callers take turns run by run, so that a long list holds nobody up for longer than one run takes; chats take turns with
these runs (`runtime.engine.turns`). One who hangs up leaves at most the run that has begun.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from aiohttp import web

from runtime.encoding import Answers, Ids, TextEncoder
from runtime.errors import BusyError, CallerError
from runtime.limits import Limits


class Vectors:
    """The one thread that encoders run on for the front end. All methods are called on the event loop."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._thread = ThreadPoolExecutor(1, "vectors")
        self._asking = 0

    async def of(
        self,
        encoder: TextEncoder,
        texts: Sequence[str | Ids],
        bill: Callable[[int], None],
        names: Sequence[str] = (),
    ) -> tuple[Answers, int]:
        """One row a text, [len(texts), width], and how many tokens they had; ids are taken as they are.

        `names`: what the caller calls each text, if not by its place in `input`. `bill` hears the tokens of each run as
        it begins: one that has begun is not given up.

        Raises:
            CallerError: a text is too long for the model, all of them are too many, or ids are not the model's.
            BusyError: as many ask already as may wait.
            EngineError: onnxruntime failed.
        """
        if self._asking > self._limits.queue_depth:
            raise BusyError(f"{self._asking} requests for vectors are waiting; ask again in a few seconds")
        self._asking += 1
        try:
            return await self._made(encoder, texts, bill, names)
        finally:
            self._asking -= 1

    async def _made(
        self,
        encoder: TextEncoder,
        texts: Sequence[str | Ids],
        bill: Callable[[int], None],
        names: Sequence[str],
    ) -> tuple[Answers, int]:
        run = asyncio.get_running_loop().run_in_executor
        rows = await run(self._thread, _encoded, encoder, texts, names)
        count, most = sum(map(len, rows)), self._limits.text_tokens
        if count > most:
            raise CallerError(
                f"the texts have {count} tokens, at most {most} are taken at once; send them in several requests",
                param="documents" if names else "input",
            )
        answers = np.empty((len(rows), encoder.encoder.width), np.float32)
        for places in encoder.runs(rows):
            together = [rows[place] for place in places]
            bill(sum(map(len, together)))
            answers[places] = await run(self._thread, encoder.run, together)
        return answers, count

    def close(self) -> None:
        """Begin nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)


VECTORS: Final = web.AppKey("vectors", Vectors)


def add_vectors(app: web.Application, limits: Limits) -> None:
    """Give an application its own, for as long as it lives."""
    app[VECTORS] = Vectors(limits)
    app.cleanup_ctx.append(_closed)


async def _closed(app: web.Application) -> AsyncIterator[None]:
    yield
    app[VECTORS].close()


def _encoded(encoder: TextEncoder, texts: Sequence[str | Ids], names: Sequence[str]) -> list[Ids]:
    return [
        encoder.encode(place, text, names[place] if names else None)
        if isinstance(text, str)
        else encoder.check(place, text)
        for place, text in enumerate(texts)
    ]
