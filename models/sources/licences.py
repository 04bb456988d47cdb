"""What the licence tags of a model hub ask of an owner. A table, no I/O.

What is not in it is unknown, not free.
"""

from typing import Final

from models.manifest import Licence

_OPEN: Final = ("commercial", "attribution")
_KNOWN: Final = {
    "apache-2.0": Licence("Apache-2.0", _OPEN, "https://www.apache.org/licenses/LICENSE-2.0"),
    "mit": Licence("MIT", _OPEN, "https://opensource.org/license/mit"),
    "bsd-3-clause": Licence("BSD-3-Clause", _OPEN, "https://opensource.org/license/bsd-3-clause"),
    "cc0-1.0": Licence("CC0-1.0", ("commercial",), "https://creativecommons.org/publicdomain/zero/1.0/"),
    "cc-by-4.0": Licence("CC-BY-4.0", _OPEN, "https://creativecommons.org/licenses/by/4.0/"),
    "cc-by-sa-4.0": Licence(
        "CC-BY-SA-4.0", (*_OPEN, "copyleft"), "https://creativecommons.org/licenses/by-sa/4.0/"
    ),
    "cc-by-nc-4.0": Licence(
        "CC-BY-NC-4.0", ("non-commercial", "attribution"), "https://creativecommons.org/licenses/by-nc/4.0/"
    ),
    "cc-by-nc-sa-4.0": Licence(
        "CC-BY-NC-SA-4.0",
        ("non-commercial", "attribution", "copyleft"),
        "https://creativecommons.org/licenses/by-nc-sa/4.0/",
    ),
    "gemma": Licence("LicenseRef-Gemma", ("commercial", "use-policy"), "https://ai.google.dev/gemma/terms"),
    "llama3.2": Licence(
        "LicenseRef-Llama-3.2",
        (*_OPEN, "revenue-cap", "use-policy"),
        "https://www.llama.com/llama3_2/license/",
    ),
    "lfm1.0": Licence("LicenseRef-LFM-1.0", (*_OPEN, "revenue-cap"), "https://www.liquid.ai/lfm-license"),
}
UNKNOWN: Final = Licence("LicenseRef-unknown", ("unknown",))


def licence_of(tag: str, *, name: str | None = None, url: str | None = None) -> Licence:
    """The licence behind a hub's tag; for the tag "other", `name` and `url` are what the model card adds."""
    tag = name if tag == "other" and name else tag
    if known := _KNOWN.get(tag.lower()):
        return known
    identifier = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in tag)
    return Licence(f"LicenseRef-{identifier}", ("unknown",), url or "")
