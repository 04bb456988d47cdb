"""The programs of alsa-utils as child processes: `arecord` gives plain PCM, `aplay` takes it.

Knows how they are started and what their complaints mean to an owner. A child of its own keeps a sound card's driver
that hangs, or a library that prints, out of this process.
"""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import Final, Literal, Self

from runtime.errors import DeviceError

Program = Literal["arecord", "aplay"]
_NAMED: Final = {"arecord": ("microphone", "voice.microphone"), "aplay": ("loudspeaker", "voice.loudspeaker")}
_MOST_STDERR: Final = 4096
_GOODBYE_S: Final = 2.0


class SoundCardError(DeviceError):
    """A microphone or a loudspeaker that does not work."""

    def __init__(self, program: Program, device: str | None, complaint: str) -> None:
        what, setting = _NAMED[program]
        which = "ALSA's default" if device is None else repr(device)
        super().__init__(f"the {what} ({which}) {_meaning(program, setting, complaint)}")


def _meaning(program: Program, setting: str, complaint: str) -> str:
    look = f"`{program} -L` shows what there is"
    for sign, meaning in (
        ("not installed", "needs `arecord` and `aplay`; get them by `sudo apt-get install alsa-utils`"),
        (
            "resource busy",
            f"is used by another program; stop that, or name a device that can be shared ({look})",
        ),
        ("Permission denied", "may not be used; add who runs this to the group audio and start it again"),
        ("No such", f"is not there; plug one in, or name another as {setting} ({look})"),
        ("Unknown PCM", f"is not there; plug one in, or name another as {setting} ({look})"),
        (" available", f"does not take this form of sound; name it as plughw:… in {setting} ({look})"),
        ("silent", "says nothing any more; plug it in again"),
    ):
        if sign in complaint:
            return meaning
    return (
        f"failed ({complaint or 'without a word'}); plug it in again, or name another as {setting} ({look})"
    )


class Child:
    """One run of a program."""

    def __init__(self, program: Program, device: str | None, process: Process) -> None:
        self._program, self._device, self._process = program, device, process
        self._complaint = b""
        self._listening = asyncio.create_task(self._collect(), name=f"voice.{program}")

    @classmethod
    async def start(cls, program: Program, device: str | None, rate: int) -> Self:
        """Begin to record or to play mono PCM of 16 bits at that rate.

        Raises:
            SoundCardError: the program is not installed. That a device is not there shows later.
        """
        chosen = () if device is None else ("-D", device)
        form = ("-t", "raw", "-f", "S16_LE", "-c", "1", "-r", str(rate), "-B", "200000")
        stdin, stdout = (DEVNULL, PIPE) if program == "arecord" else (PIPE, DEVNULL)
        try:
            process = await asyncio.create_subprocess_exec(
                program, "-q", *chosen, *form, stdin=stdin, stdout=stdout, stderr=PIPE
            )
        except OSError as exc:
            raise SoundCardError(program, device, "not installed") from exc
        return cls(program, device, process)

    async def read(self, count: int, within_s: float) -> bytes:
        """The next `count` bytes.

        Raises:
            SoundCardError: there are no more, or none in time.
        """
        assert self._process.stdout is not None  # noqa: S101  it was started to record
        try:
            async with asyncio.timeout(within_s):  # wait_for may swallow a cancellation
                return await self._process.stdout.readexactly(count)
        except asyncio.IncompleteReadError as exc:
            raise await self._failed() from exc
        except TimeoutError as exc:
            raise SoundCardError(self._program, self._device, "silent") from exc

    async def write(self, data: bytes, within_s: float) -> None:
        """Have it played.

        Raises:
            SoundCardError: it takes no more, or not in time.
        """
        assert self._process.stdin is not None  # noqa: S101  it was started to play
        self._process.stdin.write(data)
        try:
            async with asyncio.timeout(within_s):
                await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as exc:
            raise await self._failed() from exc
        except TimeoutError as exc:
            raise SoundCardError(self._program, self._device, "silent") from exc

    async def finish(self, within_s: float) -> None:
        """Wait until all was played.

        Raises:
            SoundCardError: it was not.
        """
        assert self._process.stdin is not None  # noqa: S101  it was started to play
        self._process.stdin.close()
        try:
            async with asyncio.timeout(within_s):
                code = await self._process.wait()
        except TimeoutError as exc:
            raise SoundCardError(self._program, self._device, "silent") from exc
        if code:
            raise await self._failed()

    async def stop(self) -> None:
        """End it now, whatever it is at. Idempotent."""
        if self._process.returncode is None:
            self._process.kill()
        ended = asyncio.create_task(self._end(), name="voice.ended")
        await asyncio.wait({ended}, timeout=_GOODBYE_S)  # a driver that hangs may keep it
        for task in (ended, self._listening):
            task.cancel()

    async def _end(self) -> None:
        if self._process.stdout is not None:
            while await self._process.stdout.read(_MOST_STDERR):
                pass  # asyncio does not see its end before what it wrote was read
        await self._process.wait()

    async def _failed(self) -> SoundCardError:
        await asyncio.wait({self._listening}, timeout=_GOODBYE_S)
        lines = self._complaint.decode("utf-8", "replace").splitlines()
        own = [line for line in lines if line.startswith(self._program)]
        return SoundCardError(self._program, self._device, (own or lines or [""])[-1].strip())

    async def _collect(self) -> None:
        """Its complaints, the last of them: a program whose complaints nobody reads stops."""
        assert self._process.stderr is not None  # noqa: S101  it was started with one
        while data := await self._process.stderr.read(_MOST_STDERR):
            self._complaint = (self._complaint + data)[-_MOST_STDERR:]
