"""One turn on the socket: what comes up, what goes down, and when; hung up at any point, all of it is left off.

Down go JSON objects with a `type` (listening, ended, heard, nothing, sound, said, done, error), and sound as PCM of 16
bits behind the `sound` that names its rate.
"""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, Final

from aiohttp import WSMsgType, web

from runtime.api.keys import LIMITS, RUNNING
from runtime.api.kiosk.asked import Asked, Done, End, LetGo, Say, asked
from runtime.api.kiosk.listening import RULES, Listening, understood
from runtime.api.middleware import explain
from runtime.errors import BusyError, CallerError
from runtime.voice.ahead import left
from runtime.voice.border import Speech, Transcription, Utterance, Voices
from runtime.voice.clauses import Clauses
from runtime.voice.pcm import pcm16
from runtime.voice.saying import Due
from runtime.voice.spoken.scripts import primary

_HELD: Final = 1 << 20
"""Bytes that wait to be looked at; a page that sends more is none of ours."""
_LISTENING_S: Final = 2 * RULES.longest_s
"""By the clock, however slowly sound comes."""
_PIECE: Final = 1 << 14
_READINGS: Final = 3
_TRIES: Final = 20
_AGAIN_S: Final = 0.25


class _HungUpError(Exception):
    """The page is gone, or wants no more."""


class SpokenTurn:
    """A turn."""

    def __init__(
        self, request: web.Request, socket: web.WebSocketResponse, voices: Voices, listening: Listening
    ) -> None:
        self._request = request
        self._socket = socket
        self._voices = voices
        self._listening = listening
        self._limits = request.app[LIMITS]
        self._came: asyncio.Queue[bytes | str] = asyncio.Queue()
        self._held = 0
        self._deaf = False
        """What still comes as sound is not wanted."""
        self._looking: dict[asyncio.Task[Transcription], int] = {}
        """What reads what was said so far, and the number of that look."""
        self._letters = 0
        self._rate = 0

    async def run(self, language: str | None) -> None:
        """All of it, or until the page hangs up.

        `language` is what the person's page is in; it is believed where the model understands it.
        """
        reading = asyncio.create_task(self._read(), name="kiosk.voice.reading")
        talking = asyncio.create_task(self._talk(language), name="kiosk.voice.talking")
        try:
            with self._request.app[RUNNING].told():
                done, _ = await asyncio.wait((reading, talking), return_when=asyncio.FIRST_COMPLETED)
                if talking in done:
                    await talking
        except (_HungUpError, ConnectionError):
            return
        except Exception as exc:  # noqa: BLE001  the status is out, so the failure travels as a message
            problem = explain(self._request, exc)
            await self._tell("error", message=problem.message, code=problem.code, status=problem.status)
        finally:
            for task in (talking, reading, *self._looking):
                task.cancel()
            await asyncio.gather(talking, reading, *self._looking, return_exceptions=True)

    async def _talk(self, language: str | None) -> None:
        if await self._heard(self._understood(language)):
            await self._read_aloud()

    def _understood(self, language: str | None) -> str | None:
        known = {primary(each) for each in self._voices.languages}
        return language if language is not None and primary(language) in known else None

    # Up.

    async def _read(self) -> None:
        """Take in what comes until the page is gone, so that this is noticed whatever else goes on."""
        async for message in self._socket:
            if message.type not in {WSMsgType.BINARY, WSMsgType.TEXT}:
                break
            if message.type is WSMsgType.BINARY and self._deaf:
                continue
            self._held += len(message.data)
            if self._held > _HELD:
                break
            self._came.put_nowait(message.data)

    async def _next(self, within_s: float) -> bytes | Asked:
        try:
            async with asyncio.timeout(within_s):
                came = await self._came.get()
        except TimeoutError as exc:
            raise CallerError(f"nothing came for {within_s:.0f} s; press the button again") from exc
        self._held -= len(came)
        return came if isinstance(came, bytes) else asked(came)

    # What is said.

    async def _heard(self, language: str | None) -> bool:
        """Whether anything was said; if so, it was told."""
        listening = self._listening
        await self._tell("listening", pauses=listening.ends_by_itself, most_s=RULES.longest_s)
        await self._listen(language)
        self._deaf = True
        await self._tell("ended")
        if (why := listening.dropped) is None:
            said = await self._looked_at(language)
            if (why := understood(said)) is None:
                readings = [each.text for each in said.readings]
                await self._tell("heard", text=said.text, readings=readings, language=said.language)
                return True
        await self._tell("nothing", why=why.name.lower())
        return False

    async def _listen(self, language: str | None) -> None:
        """Until it is over, by hand or by itself; what came too slowly is what was said."""
        listening = self._listening
        now = asyncio.get_running_loop().time
        until = now() + _LISTENING_S
        while now() < until:
            match await self._next(self._limits.stall_seconds):
                case bytes(data):
                    self._catch_up()
                    due = await asyncio.to_thread(listening.feed, data)
                    if due in {Due.OVER, Due.NOBODY}:
                        return
                    if due is Due.LOOK and not self._looking:
                        look = asyncio.create_task(self._transcribed(language), name="kiosk.voice.look")
                        self._looking[look] = listening.look()
                case LetGo():
                    await asyncio.to_thread(listening.let_go)
                case End():
                    return
                case Say() | Done():
                    raise CallerError("nothing was said yet that this could be the answer to; send end first")

    def _catch_up(self) -> None:
        """Somebody paused, and was looked at: what they said until then tells whether more will come."""
        for look in [each for each in self._looking if each.done()]:
            number = self._looking.pop(look)
            if look.exception() is None:  # else it is tried again when all was said
                self._listening.told(number, look.result())

    async def _looked_at(self, language: str | None) -> Transcription:
        """All that was said; what is read already, or is being read, is not read again."""
        for look, number in self._looking.items():
            if self._listening.awaits(number):
                await asyncio.wait([look])
        self._catch_up()
        return self._listening.text or await self._transcribed(language)

    def _transcribed(self, language: str | None) -> Coroutine[Any, Any, Transcription]:
        return self._voices.transcribe(Speech(self._listening.samples, language, best=_READINGS))

    # What is read aloud.

    async def _read_aloud(self) -> None:
        clauses = Clauses()
        language: str | None = None
        while True:
            match await self._next(self._limits.request_seconds):
                case Say(text, said_in):
                    language = said_in or language
                    self._letters += len(text)
                    if self._letters > self._limits.spoken_letters:
                        raise CallerError(
                            f"more than {self._limits.spoken_letters} letters are not read aloud; read on"
                        )
                    for clause in clauses.feed(text):
                        await self._say(clause, language)
                case Done():
                    break
                case bytes() | LetGo() | End():
                    continue
        for clause in clauses.flush():
            await self._say(clause, language)
        await self._tell("done")

    async def _say(self, text: str, language: str | None) -> None:
        """Others may be spoken to between two clauses; they are waited for, rather than left off amid an answer."""
        for _ in range(_TRIES):
            try:
                await self._spoken(text, language)
            except BusyError:
                await asyncio.sleep(_AGAIN_S)
            else:
                break
        else:
            await self._spoken(text, language)
        await self._tell("said", text=text)

    async def _spoken(self, text: str, language: str | None) -> None:
        sounds = self._voices.speak(Utterance(text, language=language))
        async with left(sounds):
            async for sound in sounds:
                if sound.rate != self._rate:
                    self._rate = sound.rate
                    await self._tell("sound", rate=sound.rate)
                data = pcm16(sound.samples)
                for begin in range(0, len(data), _PIECE):
                    await self._sent(self._socket.send_bytes(data[begin : begin + _PIECE]))

    # Down.

    async def _tell(self, kind: str, **fields: Any) -> None:
        await self._sent(self._socket.send_json({"type": kind, **fields}))

    async def _sent(self, sending: Awaitable[Any]) -> None:
        """Raises _HungUpError: the page is gone, or has read nothing for too long, which counts as gone."""
        try:
            async with asyncio.timeout(self._limits.stall_seconds):
                await sending
        except TimeoutError as exc:
            if self._request.transport is not None:
                self._request.transport.abort()
            raise _HungUpError from exc
