"""From a conversation to the one text its model was trained to read.

Knows what a chat template is given, and who answers for it when it fails. Does not know tokens; which letters of the
prompt are control tokens is `runtime.text.control`'s to say.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

from jinja2 import Template, TemplateSyntaxError
from jinja2.exceptions import SecurityError

from runtime.errors import BundleError, CallerError
from runtime.text.control import Marker, Rendered
from runtime.text.sandbox import RefusalError, Sandbox

ROLES: Final = frozenset({"system", "user", "assistant"})

_GROWTH: Final = 4
_FRAME: Final = 1 << 20
"""A prompt has at most so many characters, and _GROWTH times those of the messages."""


class Turn(Protocol):
    """One message."""

    @property
    def role(self) -> str:
        """Who speaks: one of ROLES."""
        ...

    @property
    def content(self) -> str:
        """What is said."""
        ...


class ChatTemplate:
    """A Jinja chat template; without a source, that of a base model, which has none."""

    def __init__(self, source: str, *, bos_token: str = "", eos_token: str = "") -> None:
        """Compile the template.

        Raises:
            BundleError: it is not Jinja.
        """
        self._source = source
        self._tokens = {"bos_token": bos_token, "eos_token": eos_token}
        try:
            self._program = Sandbox().program(source) if source.strip() else None
        except (TemplateSyntaxError, SyntaxError, RecursionError) as exc:
            fault = " ".join(str(exc).split())
            raise BundleError(
                f"the chat template is not valid Jinja ({fault}); pull the model again"
            ) from exc

    def render(self, messages: Sequence[Turn], marker: Marker) -> Rendered:
        """The prompt that asks for the next answer, in which `marker` shows what the messages' authors wrote.

        Raises:
            CallerError: a role nobody has, messages in an order the model was not made for, or no template at all.
            BundleError: the template fails, does not end, or reaches for what it must not have.
        """
        if self._program is None:
            raise CallerError(
                "this is a base model without a chat template; send a plain prompt instead of messages",
                param="messages",
            )
        for message in messages:
            if message.role not in ROLES:
                raise CallerError(
                    f"role {message.role!r} is unknown; use {', '.join(sorted(ROLES))}", param="messages"
                )
        mark, contents = marker.mark([message.content for message in messages], avoid=self._source)
        turns = [{"role": m.role, "content": c} for m, c in zip(messages, contents, strict=True)]
        room = _FRAME + _GROWTH * sum(map(len, contents))
        text = self._run(self._program, turns, room)
        return Rendered.without(mark, text) if mark else Rendered(text)

    def _run(self, program: Template, turns: Sequence[dict[str, str]], room: int) -> str:
        values = {
            "messages": list(turns),
            "add_generation_prompt": True,
            "tools": None,
            "documents": None,
            **self._tokens,
        }
        try:
            return "".join(_bounded(program.generate(Sandbox.variables(values)), room))
        except RefusalError as exc:
            raise CallerError(
                f"the model's chat template refuses these messages: {exc.message}", param="messages"
            ) from exc
        except Exception as exc:  # a template is a program of its own, and may raise anything
            raise BundleError(
                f"the model's chat template fails ({exc}); send a plain prompt, or pull the model again"
            ) from exc


def _bounded(parts: Iterable[str], room: int) -> Iterator[str]:
    """The parts, as long as they are short together."""
    for part in parts:
        room -= len(part)
        if room < 0:
            raise SecurityError("it does not come to an end")
        yield part
