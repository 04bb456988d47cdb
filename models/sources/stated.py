"""What weights on this machine say of their own licence. A GGUF file may carry it; a directory keeps silent.

Knows the metadata's keys; what a licence asks of an owner is `models.sources.licences`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gguf.constants import Keys

from models.manifest import Licence
from models.sources.licences import licence_of
from models.weights.gguf_header import read_header

_LONGEST: Final = 200
"""Characters of a name or an address: they are shown, and kept in the manifest."""


def stated_licence(path: Path) -> Licence | None:
    """The licence in the header of a GGUF file, under the keys its makers' model card had; None without one.

    Raises:
        WeightsError: it is no GGUF file.
    """
    if path.is_dir():
        return None
    metadata = read_header(path).metadata
    tag = _line(metadata, Keys.General.LICENSE)
    if tag is None:
        return None
    name, link = _line(metadata, Keys.General.LICENSE_NAME), _line(metadata, Keys.General.LICENSE_LINK)
    return licence_of(tag, name=name, url=link)


def _line(metadata: Mapping[str, Any], key: str) -> str | None:
    """A short text fit to be shown; anything else counts as not stated."""
    value = metadata.get(key)
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        return None
    return value.strip() or None
