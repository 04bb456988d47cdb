"""A chat template tried out before its model is built: what fails on a plain conversation would fail on every one.

Knows the smallest conversation and whose fault a failure is. How templates run is `models.sandbox`'s to say.
"""

from collections.abc import Mapping
from typing import Any, Final

from models.errors import ChatTemplateError
from models.sandbox import NOT_JINJA, RefusalError, Sandbox

_PLAIN: Final[Mapping[str, Any]] = {
    "messages": [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hello. What can I do?"},
        {"role": "user", "content": "Name a colour."},
    ],
    "tools": None,
    "documents": None,
    "add_generation_prompt": True,
    "bos_token": "",
    "eos_token": "",
}
_ROOM: Final = 1 << 20
"""Characters that it may write, as when it is served."""


def try_template(source: str, what: str) -> None:
    """Render the template `source` of the model called `what` once; a base model has none, which is fine.

    A template that refuses these messages in words of its own (`raise_exception`) works.

    Raises:
        ChatTemplateError: it is no Jinja, fails, does not end, or reaches for what it must not have.
    """
    if not source.strip():
        return
    sandbox = Sandbox()
    try:
        Sandbox.render(sandbox.program(source), _PLAIN, _ROOM)
    except RefusalError:
        return
    except NOT_JINJA as exc:
        raise _refused(what, "is not valid Jinja", exc) from exc
    except Exception as exc:  # a template is a program of its own, and may raise anything
        raise _refused(what, "fails", exc) from exc


def _refused(what: str, how: str, exc: Exception) -> ChatTemplateError:
    fault = " ".join(str(exc).split())[:200] or type(exc).__name__
    return ChatTemplateError(
        f"the chat template of {what} {how} ({fault}), so no conversation with it would work; "
        "choose another model, or pull a copy of your own with its template put right"
    )
