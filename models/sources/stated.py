"""What weights on this machine say of their own licence: a GGUF file in its header, a directory in its model card.

Knows the keys of both; what a licence asks of an owner is `models.licences`. A text called LICENSE is not read: which
licence it is would be a guess.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gguf.constants import Keys

from models.licences import licence_of
from models.manifest import Licence
from models.weights.gguf_header import read_header

_LONGEST: Final = 200
"""Characters of a name or an address: they are shown, and kept in the manifest."""
_CARD: Final = "README.md"
_CARD_BYTES: Final = 1 << 16
"""Where the front matter of a model card ends at the latest; hubs write a few kilobytes."""
_FRONT_MATTER: Final = re.compile(r"---[ \t]*\r?\n(?P<yaml>.*?)^---[ \t]*$", re.MULTILINE | re.DOTALL)
_SCALAR: Final = re.compile(
    r"^(?P<key>license|license_name|license_link):[ \t]*"
    r"""("(?P<double>[^"\\\n]*)"|'(?P<single>[^'\n]*)'|(?P<plain>[^\s"'#&*!|>%@`\[\]{}][^\r\n]*?))"""
    r"[ \t]*(?:[ \t]#[^\r\n]*)?\r?$",
    re.MULTILINE,
)
"""A key of YAML's outermost level with a plain or quoted value on its own line; a list or a block states nothing."""


def stated_licence(weights: Path, folder: Path | None = None) -> Licence | None:
    """What a GGUF file's header says, else the model card in `folder`; None if neither says anything.

    `weights` is the file, or the directory that holds safetensors; `folder` is the directory that was asked for.

    Raises:
        WeightsError: `weights` is a file, and no GGUF file.
    """
    if weights.is_file():
        header = read_header(weights).metadata
        keys = (Keys.General.LICENSE, Keys.General.LICENSE_NAME, Keys.General.LICENSE_LINK)
        if stated := _licence(header, *keys):
            return stated
    card = front_matter(folder / _CARD) if folder else {}
    return _licence(card, "license", "license_name", "license_link")


def front_matter(card: Path) -> dict[str, str]:
    """What the head of a model card states about its licence, by key; empty when there is no readable card.

    The form is the hub's (https://huggingface.co/docs/hub/model-cards); nested keys are others than these.
    """
    try:
        with card.open("rb") as file:
            text = file.read(_CARD_BYTES).decode("utf-8-sig", errors="replace")
    except OSError:
        return {}
    if not (head := _FRONT_MATTER.match(text)):
        return {}
    found = _SCALAR.finditer(head["yaml"])
    return {line["key"]: line["double"] or line["single"] or line["plain"] or "" for line in found}


def _licence(stated: Mapping[str, Any], tag: str, name: str, link: str) -> Licence | None:
    if (said := _line(stated, tag)) is None:
        return None
    return licence_of(said, name=_line(stated, name), url=_line(stated, link))


def _line(stated: Mapping[str, Any], key: str) -> str | None:
    """A short text fit to be shown; anything else counts as not stated."""
    value = stated.get(key)
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        return None
    return value.strip() or None
