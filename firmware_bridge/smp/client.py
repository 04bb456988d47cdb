"""A board that speaks SMP, as a program uses it: who it is, its images, an upload that goes on where it was, a shell.

The door to smpclient: its messages become values here, and its errors ours. SMP repeats nothing, so what may be asked
twice is asked again here; a line that broke, or a board that lost its power, is waited for.
"""

import asyncio
import logging
import shlex
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from smp.exceptions import SMPException
from smp.image_management import IMG_MGMT_ERR, ImageState
from smpclient import SMPClient
from smpclient.exceptions import SMPClientException
from smpclient.generics import SMPRequest, TEr1, TEr2, TRep, error, success
from smpclient.requests.image_management import ImageStatesRead, ImageStatesWrite
from smpclient.requests.os_management import EchoWrite, OSApplicationInfoRead, ResetWrite
from smpclient.requests.shell_management import Execute

from firmware_bridge.errors import (
    BridgeError,
    NoAnswerError,
    OutcomeUnknownError,
    ProtocolError,
    TransportError,
)
from firmware_bridge.smp.line import Line
from firmware_bridge.transport import Transport

logging.getLogger("smpclient").addHandler(logging.NullHandler())  # what it logs is raised as well

_HASH: Final = 32
_IMAGES: Final = 16


class SmpRefusedError(BridgeError):
    """The board answered that it does not do that."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"the board refuses to {what}: {why}")


class UploadError(BridgeError):
    """The board does not take the firmware."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a board, and how often to try again."""

    answer_s: float = 2.5
    """For an answer."""
    erase_s: float = 15.0
    """For the answer to the first piece of an upload, before which a board may erase all it has."""
    tries: int = 5
    """How often to ask what may be asked again."""
    setbacks: int = 20
    """How often an upload may be thrown back without having come farther than ever before."""
    away_s: float = 60.0
    """For a board that has gone away while it was uploaded to, or starts again."""
    restart_s: float = 1.0
    """Before a board that was told to start again is asked whether it has: it says yes first, and starts then."""
    again_s: float = 0.25
    """Before the line is opened again, or a board that starts is asked again."""


@dataclass(frozen=True, slots=True)
class Slot:
    """An image that a board has, and what it means to do with it."""

    slot: int
    image: int
    """Which processor it is for, on boards with several: 0 is the first."""
    version: str
    hash: bytes
    active: bool
    """It runs."""
    confirmed: bool
    """It stays, or is what the board goes back to."""
    pending: bool
    """It runs after the next start."""


class SmpBoard:
    """One board, for as long as it is entered. One thing is asked at a time."""

    def __init__(self, line: Transport, patience: Patience | None = None) -> None:
        self.patience = patience or Patience()
        self._line = Line(line)
        self._client = SMPClient(self._line, "", self.patience.answer_s)
        self._alone = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Open the line. Whether anybody is there shows when something is asked.

        Raises:
            TransportError: it cannot be used.
        """
        try:
            await self._connect()
        except BaseException:
            await self._client.disconnect()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.disconnect()

    async def echo(self, text: str) -> str:
        """The same text, if the board is there.

        Raises:
            NoAnswerError, TransportError, ProtocolError, SmpRefusedError: it is not, or says something else.
        """
        return (await self._again(EchoWrite(d=text), "answer")).r

    async def kind(self) -> str | None:
        """Which sort of board it says it is; None if it does not tell.

        Raises:
            NoAnswerError, TransportError, ProtocolError: it does not answer.
        """
        try:
            return _printable((await self._again(OSApplicationInfoRead(format="i"), "say what it is")).output)
        except SmpRefusedError:
            return None

    async def images(self) -> tuple[Slot, ...]:
        """The images it has.

        Raises:
            NoAnswerError, TransportError, ProtocolError, SmpRefusedError: it does not tell.
        """
        return _slots((await self._again(ImageStatesRead(), "list its images")).images)

    async def test(self, digest: bytes) -> None:
        """Have it start an image once, and go back to what runs now unless that is confirmed.

        Raises:
            SmpRefusedError: it does not.
            NoAnswerError, TransportError, ProtocolError: it may do so or not; asking again does no harm.
        """
        try:
            await self._again(ImageStatesWrite(hash=digest, confirm=False), "try the new image")
        except SmpRefusedError:  # as some do what they have been told before, when only the answer was lost
            if not any(each.hash == digest and each.pending for each in await self.images()):
                raise

    async def confirm(self) -> None:
        """Have it keep what runs now.

        Raises:
            SmpRefusedError: it does not.
            NoAnswerError, TransportError, ProtocolError: it may do so or not; asking again does no harm.
        """
        await self._again(ImageStatesWrite(confirm=True), "keep the new image")

    async def reset(self) -> None:
        """Have it start again. It may do so without having answered; see `images` for what runs then.

        Raises:
            TransportError, ProtocolError, SmpRefusedError: it does not.
        """
        try:
            await self._ask(ResetWrite(), "start again", self.patience.answer_s)
        except NoAnswerError:
            return

    async def execute(self, line: str, answer_s: float) -> str:
        """What a command line of the board's shell prints. Sent once.

        Raises:
            ValueError: it is no command line.
            SmpRefusedError: the board has no shell, or the command failed.
            OutcomeUnknownError: it was sent, if only in part, and no answer came that is one.
        """
        words = shlex.split(line)
        try:
            answer = await self._ask(Execute(argv=words), "do that", answer_s)
        except (NoAnswerError, TransportError, ProtocolError) as exc:
            raise OutcomeUnknownError(
                f"the board did not answer to {line!r} ({exc}); it may have done it or not: look at it"
            ) from exc
        if answer.ret != 0:
            raise SmpRefusedError(f"do {line!r}", _printable(answer.o) or f"it ended with {answer.ret}")
        return answer.o

    async def upload(self, firmware: bytes) -> AsyncIterator[int]:
        """How many bytes the board has, as it takes them. It says itself where to go on, whatever happened before.

        Raises:
            UploadError: the board does not take it.
            NoAnswerError, TransportError, ProtocolError: the board is not there any more, or speaks nonsense.
        """
        furthest, setbacks, silences, connected = -1, 0, 0, True
        while True:
            try:
                if not connected:
                    await self._reconnect()
                    connected = True
                async with aclosing(self._pieces(firmware)) as pieces:
                    async for offset in pieces:
                        setbacks, silences = 0 if offset > furthest else setbacks + 1, 0
                        if not 0 <= offset <= len(firmware) or setbacks > self.patience.setbacks:
                            raise UploadError(
                                f"the board does not get beyond byte {max(furthest, 0)}; try another one"
                            )
                        furthest = max(furthest, offset)
                        yield offset
            except TransportError:
                setbacks, connected = setbacks + 1, False
                if setbacks > self.patience.setbacks:
                    raise
            except (NoAnswerError, ProtocolError):
                silences += 1
                if silences > self.patience.tries:
                    raise
            else:
                return

    async def away(self) -> None:
        """Wait for a board that starts again, until it answers.

        Raises:
            NoAnswerError: it does not come back.
        """
        deadline = asyncio.get_running_loop().time() + self.patience.away_s
        await asyncio.sleep(self.patience.restart_s)
        lost = False
        while True:
            try:
                if lost:
                    await self._reconnect()
                await self._ask(EchoWrite(d="ingle"), "answer", self.patience.answer_s)
            except (TransportError, NoAnswerError, ProtocolError) as exc:
                lost = isinstance(exc, TransportError)
                if asyncio.get_running_loop().time() > deadline:
                    raise NoAnswerError(
                        "the board does not come back after it was told to start again; switch it off and on, and "
                        "it starts what it had before"
                    ) from exc
                await asyncio.sleep(self.patience.again_s)
            else:
                return

    async def _pieces(self, firmware: bytes) -> AsyncGenerator[int, None]:
        async with self._alone:
            with _as_ours("take the firmware"):
                offsets = self._client.upload(firmware, first_timeout_s=self.patience.erase_s)
                async for offset in offsets:
                    yield offset

    async def _connect(self) -> None:
        with _as_ours("answer"):
            await self._client.connect(self.patience.answer_s)

    async def _reconnect(self) -> None:
        """Open the line again, as soon as it is there.

        Raises:
            TransportError: it is not there in time.
        """
        deadline = asyncio.get_running_loop().time() + self.patience.away_s
        while True:
            await self._client.disconnect()
            try:
                await self._connect()
            except TransportError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(self.patience.again_s)
            else:
                return

    async def _again(self, request: SMPRequest[TRep, TEr1, TEr2], what: str) -> TRep:
        """Ask what may be asked more than once."""
        for _ in range(self.patience.tries - 1):
            try:
                return await self._ask(request, what, self.patience.answer_s)
            except NoAnswerError:
                continue
        return await self._ask(request, what, self.patience.answer_s)

    async def _ask(self, request: SMPRequest[TRep, TEr1, TEr2], what: str, answer_s: float) -> TRep:
        async with self._alone:
            with _as_ours(what):
                answer = await self._client.request(request, answer_s)
        if success(answer):
            return answer
        if error(answer):
            raise SmpRefusedError(what, _reason(answer))
        raise ProtocolError("the board answered with something else than what it was asked")


def _slots(states: list[ImageState]) -> tuple[Slot, ...]:
    return tuple(
        Slot(
            each.slot, each.image or 0, _printable(each.version), bytes(each.hash or b"")[:_HASH],
            bool(each.active), bool(each.confirmed), bool(each.pending),
        )
        for each in states[:_IMAGES]
    )  # fmt: skip


def _reason(answer: object) -> str:
    """What an answer says is wrong, in the words of the specification."""
    match answer:
        case object(err=err):
            code = err.rc
        case object(rc=rc):
            code = rc
        case _:
            return "it does not say why"
    return f"{code.name.replace('_', ' ').lower()} ({code.value})"


def _instead(answer: object) -> str:
    """What to do about firmware that a board does not take."""
    match answer:
        case object(err=object(rc=IMG_MGMT_ERR.INVALID_IMAGE_TOO_LARGE)):
            return "it is larger than a slot of the board: build it smaller, or see that it is for this board"
        case _:
            return "see that it is built for this board, and flash again"


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text.strip())[:200]


@contextmanager
def _as_ours(what: str) -> Iterator[None]:
    try:
        yield
    except TransportError:
        raise
    except TimeoutError as exc:
        raise NoAnswerError(f"the board does not {what}; does it speak SMP, at this speed?") from exc
    except SMPClientException as exc:
        refused = exc.args[0] if exc.args else ""
        if isinstance(refused, str):
            raise ProtocolError(f"the board answered nonsense when it was to {what}") from exc
        raise UploadError(f"the board refuses to {what}: {_reason(refused)}; {_instead(refused)}") from exc
    except (SMPException, ValueError, TypeError) as exc:
        raise ProtocolError(f"the board answered nonsense when it was to {what}") from exc
