"""GET /kiosk/voice: a WebSocket on which one press of the page's button is heard, and the answer to it read aloud.

Sound comes up, its text goes down; the page does with it what it does with typed text, and sends up what is to be read
aloud, whose sound goes down. So a spoken sentence takes no other way through the house than a written one. One socket
is one turn: whoever presses again, or has heard enough, closes it, and all that was computed for it is left off.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from aiohttp import web

from runtime.api.keys import LIMITS, VOICES
from runtime.api.kiosk.listening import Listening
from runtime.api.kiosk.spoken import SpokenTurn
from runtime.api.refusal import RefusalError
from runtime.api.voiceless import DEAF
from runtime.errors import BusyError
from runtime.strict_json import shown
from runtime.voice.border import RATE, VoiceActivity
from runtime.voice.extra import NoVoiceError

PATH: Final = "/kiosk/voice"
PROTOCOL: Final = "inglenook.voice"
_MESSAGE_BYTES: Final = 1 << 16
_HEARTBEAT_S: Final = 20.0

Activity = Callable[[], VoiceActivity]


class Seats:
    """Pages that are spoken to. On the event loop."""

    def __init__(self, most: int) -> None:
        """`most` at a time."""
        self._most = most
        self._taken = 0

    @contextmanager
    def entered(self) -> Iterator[None]:
        """A place for one.

        Raises:
            BusyError: all are taken.
        """
        if self._taken >= self._most:
            raise BusyError(
                f"{self._most} pages are spoken to already; try again in a minute, or raise limits.voice_streams"
            )
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1


ACTIVITY: Final = web.AppKey[Activity | None]("activity")
_SEATS: Final = web.AppKey("voice_seats", Seats)


def add_routes(app: web.Application) -> None:
    """Serve the path."""
    app[_SEATS] = Seats(app[LIMITS].voice_streams)
    app.router.add_get(PATH, _voice)


async def _voice(request: web.Request) -> web.StreamResponse:
    voices = request.app[VOICES]
    if voices.recognizer is None:
        raise RefusalError(404, DEAF, code="not_found")
    socket = web.WebSocketResponse(
        protocols=(PROTOCOL,), heartbeat=_HEARTBEAT_S, max_msg_size=_MESSAGE_BYTES, compress=False
    )
    with request.app[_SEATS].entered():
        # Last, for a page is told of a refused socket only that: it asks this path again without one.
        if not socket.can_prepare(request):
            raise RefusalError(426, "this path is a WebSocket's; open one", headers={"Upgrade": "websocket"})
        listening = await asyncio.to_thread(_listening, request)
        await socket.prepare(request)
        try:
            await SpokenTurn(request, socket, voices, listening).run(request.query.get("language"))
        finally:
            await socket.close()
    return socket


def _listening(request: web.Request) -> Listening:
    activity = request.app[ACTIVITY]
    rate = request.query.get("rate", str(RATE))
    if not (rate.isascii() and rate.isdigit() and len(rate) <= 6):  # noqa: PLR2004  of digits
        raise RefusalError(
            400, f"rate is {shown(rate)}; send the samples a second of what comes, such as {RATE}"
        )
    try:
        return Listening(int(rate), None if activity is None else activity())
    except NoVoiceError as exc:
        raise RefusalError(
            501, f"nothing can be said into the page here: {exc}", code="not_installed"
        ) from exc
