"""How a tokenizer reads a text that goes on from another, rather than one that begins.

Knows the parts of a tokenizer.json that put something before every text. Does not know the tokenizers library.
"""

from collections.abc import Mapping
from typing import Any

Part = Mapping[str, Any]


def midway(part: Part | None) -> Part | None:
    """A `normalizer` or `pre_tokenizer` as it is, but that it puts no space in front; None if nothing is left."""
    if part is None or part["type"] == "Prepend":
        return None
    match part:
        case {"type": "Sequence", "normalizers": list(parts)}:
            return {**part, "normalizers": [kept for each in parts if (kept := midway(each)) is not None]}
        case {"type": "Sequence", "pretokenizers": list(parts)}:
            return {**part, "pretokenizers": [midway(each) for each in parts]}
        case {"type": "ByteLevel", "add_prefix_space": True}:
            return {**part, "add_prefix_space": False}
        case {"type": "Metaspace"}:
            return {**part, "prepend_scheme": "never"}
        case _:
            return part
