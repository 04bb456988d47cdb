"""A failure in Ollama's shape: {"error": "..."}; the status says the rest."""

import json


def text(message: str) -> str:
    """The JSON text, in ASCII: a message may quote anything."""
    return json.dumps({"error": message})
