"""How GGUF names and stores what Hugging Face has otherwise: one module an architecture, and the table of them.

A row is data, checked against gguf-py (`constants.py`, `tensor_mapping.py`) for names, and against llama.cpp
(`conversion/*.py`, `src/models/*.cpp`) for what the converter changes and the file leaves unsaid.
"""

from collections.abc import Mapping
from typing import Final

from models.errors import ArchitectureError
from models.weights.gguf_metadata import Metadata
from models.weights.naming import (
    falcon_h1,
    gemma3,
    granite,
    granite_hybrid,
    lfm2,
    llama,
    olmo2,
    phi,
    qwen2,
    qwen3,
    smollm3,
    stablelm,
)
from models.weights.naming.row import Naming

NAMINGS: Final[Mapping[str, Naming]] = {
    "falcon-h1": falcon_h1.NAMING,
    "gemma3": gemma3.NAMING,
    "granite": granite.NAMING,
    "granitehybrid": granite_hybrid.NAMING,
    "internlm2": llama.NAMING,  # its converter takes the packed matrix apart, permutes it, and so leaves a llama
    "lfm2": lfm2.NAMING,
    "llama": llama.NAMING,
    "olmo2": olmo2.NAMING,
    "phi2": phi.NAMING,
    "qwen2": qwen2.NAMING,
    "qwen3": qwen3.NAMING,
    "smollm3": smollm3.NAMING,
    "stablelm": stablelm.NAMING,
}
"""By `general.architecture`."""


def naming_of(metadata: Metadata) -> Naming:
    """The architecture's row.

    Raises:
        ArchitectureError: there is none.
    """
    naming = NAMINGS.get(metadata.architecture)
    if naming is None:
        raise ArchitectureError(
            f"GGUF architecture {metadata.architecture[:40]!r} is not one we build; "
            f"choose a model of one of these: {', '.join(sorted(NAMINGS))}"
        )
    return naming
