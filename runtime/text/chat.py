"""From a conversation to the one text its model was trained to read.

Knows what a chat template is given, and who answers for it when it fails. Does not know tokens; which letters of the
prompt are control tokens is `runtime.text.control`'s to say.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from jinja2 import Template, meta

from models.sandbox import NOT_JINJA, RefusalError, Sandbox
from runtime.errors import BundleError, CallerError, ChatTemplateError
from runtime.text.control import Marker, Rendered

_NOTHING: Final[Mapping[str, bool | int | str]] = MappingProxyType({})
ROLES: Final = frozenset({"system", "user", "assistant", "tool"})

_OURS: Final = frozenset(
    {"messages", "tools", "documents", "add_generation_prompt", "bos_token", "eos_token"}
)
"""Variables that are not a caller's to set."""
_FREE: Final = frozenset({"parameters", "arguments"})
"""Fields inside which the keys, too, are somebody's own."""
_GROWTH: Final = 4
_FRAME: Final = 1 << 20
"""A prompt has at most so many characters, and _GROWTH times those it was given."""

Turn = Mapping[str, Any]
"""One message as templates take it: role, content, and where there are some tool_calls, tool_call_id, name and
reasoning_content."""


class ChatTemplate:
    """A Jinja chat template; without a source, that of a base model, which has none."""

    def __init__(self, source: str, *, bos_token: str = "", eos_token: str = "") -> None:
        """Compile the template.

        Raises:
            BundleError: it is not Jinja.
        """
        self.source = source
        self._tokens = {"bos_token": bos_token, "eos_token": eos_token}
        sandbox = Sandbox()
        try:
            self._program = sandbox.program(source) if source.strip() else None
            read = meta.find_undeclared_variables(sandbox.parse(source))
        except NOT_JINJA as exc:
            fault = " ".join(str(exc).split())
            raise BundleError(
                f"the chat template is not valid Jinja ({fault}); "
                "use another model, or pull it with a template put right"
            ) from exc
        self.takes_tools = "tools" in read
        """Whether the template shows tools to the model."""
        known = frozenset(name for name in read if not name.startswith("_"))
        self.switches = known - _OURS - sandbox.globals.keys()
        """Variables that a caller may set, such as `enable_thinking`."""

    def render(
        self,
        turns: Sequence[Turn],
        marker: Marker,
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        switches: Mapping[str, bool | int | str] = _NOTHING,
    ) -> Rendered:
        """The prompt that asks for the next answer, in which `marker` shows what others than the template wrote.

        Args:
            turns: The conversation.
            marker: Knows the control tokens.
            tools: As OpenAI's API declares them.
            switches: Values for some of `self.switches`.

        Raises:
            CallerError: a role nobody has, messages in an order the model was not made for, or no template at all.
            ChatTemplateError: the template fails, does not end, or reaches for what it must not have.
        """
        if self._program is None:
            raise CallerError(
                "this is a base model, which continues a text and does not converse; "
                "use `ingle run`, over HTTP /v1/completions, or a model that chats",
                param="messages",
            )
        for turn in turns:
            if turn["role"] not in ROLES:
                raise CallerError(
                    f"role {turn['role']!r} is unknown; use {', '.join(sorted(ROLES))}", param="messages"
                )
        given = {"messages": list(turns), "tools": list(tools) or None, **switches}
        strings = list(_strings(given))
        mark, marked = marker.mark(strings, avoid=self.source)
        room = _FRAME + _GROWTH * sum(map(len, marked))
        text = self._run(self._program, _with(given, iter(marked)), room)
        return Rendered.without(mark, text) if mark else Rendered(text)

    def _run(self, program: Template, given: Mapping[str, Any], room: int) -> str:
        values = {"add_generation_prompt": True, "documents": None, **self._tokens, **given}
        try:
            return Sandbox.render(program, values, room)
        except RefusalError as exc:
            raise CallerError(
                f"the model's chat template refuses these messages: {exc.message}", param="messages"
            ) from exc
        except Exception as exc:  # a template is a program of its own, and may raise anything
            raise ChatTemplateError(exc) from exc


def _strings(value: object, *, free: bool = False) -> Iterator[str]:
    """Every string that somebody wrote, in order; keys are somebody's where they are `free`, roles are ours."""
    match value:
        case str():
            yield value
        case dict():
            for key, inner in value.items():
                if free:
                    yield key
                if free or key != "role":
                    yield from _strings(inner, free=free or key in _FREE)
        case list():
            for item in value:
                yield from _strings(item, free=free)


def _with(value: Any, strings: Iterator[str], *, free: bool = False) -> Any:
    """The same value with other strings, in the order of `_strings`."""
    match value:
        case str():
            return next(strings)
        case dict():
            return {
                next(strings) if free else key: (
                    _with(inner, strings, free=free or key in _FREE) if free or key != "role" else inner
                )
                for key, inner in value.items()
            }
        case list():
            return [_with(item, strings, free=free) for item in value]
        case _:
            return value
