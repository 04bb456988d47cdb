"""How each family of models is offered tools and calls them: one module a dialect, one normal form for all.

Knows text. Does not know tokens, or who runs the tools; nothing here runs anything.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from runtime.errors import BundleError
from runtime.text.tools import gemma, granite, hermes, lfm2, llama3, smollm2
from runtime.text.tools.dialect import Dialect

NONE: Final = "none"

DIALECTS: Final[Mapping[str, Dialect]] = MappingProxyType(
    {
        "hermes": hermes.DIALECT,
        "lfm2": lfm2.DIALECT,
        "granite": granite.DIALECT,
        "llama3": llama3.DIALECT,
        "gemma": gemma.DIALECT,
        "smollm2": smollm2.DIALECT,
    }
)
"""By the name that a manifest has."""


def dialect(name: str) -> Dialect | None:
    """The dialect that a manifest names; None for "none".

    Raises:
        BundleError: a name from a later version.
    """
    if name == NONE:
        return None
    if name not in DIALECTS:
        raise BundleError(
            f"the model calls tools in the dialect {name!r}, known are {', '.join(DIALECTS)}; "
            "update inglenook, or pull the model again with this version"
        )
    return DIALECTS[name]
