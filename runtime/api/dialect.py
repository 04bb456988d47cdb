"""Which dialect a path speaks, and so what its errors look like. The one place where that is decided."""

from typing import Final

from runtime.api.ollama import errors as ollama
from runtime.api.openai.errors import Failure

_OLLAMA: Final = "/api/"


def speaks_ollama(path: str) -> bool:
    """Whether who asks for this path, served or not, is a client of Ollama."""
    return path.startswith(_OLLAMA)


def error_text(path: str, failure: Failure) -> str:
    """The body, as JSON in ASCII, of an answer that is an error."""
    return ollama.text(failure.message) if speaks_ollama(path) else failure.text


def overview(path: str) -> str:
    """Where a caller who asked for what is not served finds out what is."""
    return "GET /api/tags" if speaks_ollama(path) else "GET /v1/models"
