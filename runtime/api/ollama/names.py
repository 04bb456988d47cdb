"""Models' names as Ollama's clients write them: NAME:TAG, where no tag, or `latest`, is the name alone. No I/O."""

from typing import Final

from runtime.errors import CallerError
from runtime.wire.fields import Fields

_LATEST: Final = "latest"


def ours(name: str) -> str:
    """What this appliance calls it: `smollm2-135m:latest` is smollm2-135m, and so is `smollm2:135m`."""
    bare, _, tag = name.rpartition(":")
    if not bare:
        return name
    return bare if tag == _LATEST else f"{bare}-{tag}"


def theirs(name: str) -> str:
    """How it is listed."""
    return f"{name}:{_LATEST}"


def asked(fields: Fields) -> str:
    """The model that a request is about, as the caller calls it; older clients say `name` for `model`.

    Raises:
        CallerError: it names none.
    """
    name = fields.text("model") or fields.text("name")
    if not name:
        raise CallerError("model is missing; send a name that GET /api/tags shows", param="model")
    return name
