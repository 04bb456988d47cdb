"""The door to ffmpeg: sound as MP3, Opus, FLAC or AAC, on its way. Where the program is not there, those are not.

https://ffmpeg.org/ffmpeg.html. It reads plain numbers that were made here, never what a caller sent.
"""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from types import MappingProxyType
from typing import Final

from runtime.errors import EngineError

_ARGUMENTS: Final = MappingProxyType(
    {
        "mp3": ("-codec:a", "libmp3lame", "-f", "mp3"),
        "opus": ("-codec:a", "libopus", "-b:a", "32k", "-f", "opus"),
        "flac": ("-codec:a", "flac", "-f", "flac"),
        "aac": ("-codec:a", "aac", "-f", "adts"),
    }
)
FORMS: Final = tuple(_ARGUMENTS)
_PIECE: Final = 1 << 14


def encoder() -> str | None:
    """Where the program is; None: it is not installed."""
    return shutil.which("ffmpeg")


async def encoded(
    program: str, form: str, rate: int, sound: AsyncIterator[bytes]
) -> AsyncGenerator[bytes, None]:
    """Mono PCM of 16 bits as one of FORMS, piece by piece while it comes. Closing it ends the program.

    Raises:
        EngineError: the program failed.
    """
    process = await asyncio.create_subprocess_exec(
        program,
        *("-hide_banner", "-loglevel", "error", "-f", "s16le", "-ar", str(rate), "-ac", "1", "-i", "pipe:0"),
        *(*_ARGUMENTS[form], "-flush_packets", "1", "pipe:1"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018  they were asked for
    feeding = asyncio.create_task(_feed(process.stdin, sound), name="voice.encoder")
    try:
        while data := await process.stdout.read(_PIECE):
            yield data
        await feeding  # what failed there is told here
        if await process.wait():
            raise EngineError(
                f"{program} cannot write {form}; send response_format wav, or install one that can"
            )
    finally:
        feeding.cancel()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(feeding, process.wait(), return_exceptions=True)


async def _feed(pipe: asyncio.StreamWriter, sound: AsyncIterator[bytes]) -> None:
    """Until there is no more, or the program wants none: why, its exit status says."""
    with contextlib.suppress(ConnectionError):
        async for data in sound:
            pipe.write(data)
            await pipe.drain()
    pipe.close()
