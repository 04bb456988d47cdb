"""What the page says on the socket that it is spoken to over, beside sound. JSON text in, values out; no I/O."""

from dataclasses import dataclass
from typing import Final

from runtime.errors import CallerError
from runtime.strict_json import parse, shown
from runtime.wire.fields import Fields

_DEPTH: Final = 4


@dataclass(frozen=True, slots=True)
class LetGo:
    """The button was tapped: what is said ends by itself."""


@dataclass(frozen=True, slots=True)
class End:
    """That was all that is said."""


@dataclass(frozen=True, slots=True)
class Say:
    """More of what is to be read aloud; it need not end where a sentence does."""

    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """There is no more to be read aloud."""


Asked = LetGo | End | Say | Done


def asked(text: str) -> Asked:
    """Read one message.

    Raises:
        CallerError: it is none.
    """
    fields = Fields.of(parse(text.encode(errors="surrogatepass"), depth=_DEPTH))
    match fields.get("type"):
        case "let_go":
            return LetGo()
        case "end":
            return End()
        case "say":
            return Say(fields.text("text") or "", fields.text("language"))
        case "done":
            return Done()
        case other:
            raise CallerError(f"type is {shown(other)}; send let_go, end, say or done", param="type")
