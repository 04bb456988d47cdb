"""What somebody said, done or answered: `transcript` in, `handled` or `not-handled` out, in clauses for who wants them.

Home Assistant asks so for what it calls a conversation agent.
"""

from collections.abc import Sequence
from contextlib import aclosing
from typing import Final

from wyoming.handle import Handled, HandledChunk, HandledStart, HandledStop, NotHandled

from runtime.commands.order import Status
from runtime.voice.border import Answerer, Said
from runtime.voice.wyoming.border import Send
from runtime.voice.wyoming.frames import Frame
from runtime.wire.fields import Fields

_NOT_DONE: Final = frozenset({Status.REFUSED, Status.FAILED})
_LONGEST: Final = 128
_WHO: Final = ("satellite_id", "device_id", "conversation_id")
"""Whose turns know of each other: of one place before one conversation, for the yes may come in another."""


async def handled(
    answerer: Answerer, frame: Frame, readings: Sequence[str], send: Send, *, language: str | None, alone: str
) -> None:
    """What came of a `transcript`, of which there are these readings; `alone`: the session of who names none.

    Raises:
        CallerError: it says nothing that can be read.
        BusyError, EngineError: it cannot be answered now.
    """
    fields = Fields.of(frame.data, frame.type)
    context = fields.get("context")
    given = context if isinstance(context, dict) else None
    said: list[Said] = []
    await send(HandledStart(context=given))
    session = _session(given) or alone
    async with aclosing(answerer.answer(readings, language=language, session=session)) as clauses:
        async for clause in clauses:
            said.append(clause)
            await send(HandledChunk(clause.text))
    text = " ".join(each.text for each in said)
    if said and all(each.status in _NOT_DONE for each in said):
        await send(NotHandled(text, context=given))
    else:
        await send(Handled(text, context=given))
    await send(HandledStop())


def _session(context: dict[str, object] | None) -> str | None:
    found = ((key, (context or {}).get(key)) for key in _WHO)
    return next((f"{key}:{each[:_LONGEST]}" for key, each in found if isinstance(each, str) and each), None)
