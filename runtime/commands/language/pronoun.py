"""`It` in freely worded sentences: what was spoken of last is put in its place, where nothing else is named."""

import re
from collections.abc import Sequence
from typing import Final

from runtime.commands.language.names import Of, name_of, names, spoken
from runtime.commands.registry.house import House

_ENGLISH: Final = re.compile(
    r"(?<=\w )(?:it|(?:(?<=make )|(?<=put ))(?:that|this)(?= \w+(?: \w+)?(?: instead| please|$))"
    r"|(?:that|this) (?:one|thing)|(?:that|this)(?= (?:off|on|up|down|back|again|now|please)\b|$))\b"
    r"(?!'s| (?:is|was|gets|feels|looks|seems|would|will)\b)",
    re.IGNORECASE,
)
_CHINESE_ELLIPSIS: Final = re.compile(
    r"^(?:(?:不然|那就|那|還是|再|幫我|請)[,，]?)*(?=(?:調|改|設|換|轉)(?:到|成|為|回))"
)
_CHINESE: Final = re.compile(r"(?:剛剛|剛才)?(?:那個|這個)|它|牠|那個|這個|那一個|這一個")


def resolved(text: str, language: str, house: House, devices: Sequence[str]) -> str:
    """The sentence with the name of the one device that was spoken of; as it is, where that is not plain.

    Args:
        text: a sentence.
        language: BCP 47.
        house: whose names are looked for.
        devices: ids of what was spoken of last.
    """
    known = house.devices.get(devices[0]) if len(devices) == 1 else None
    chinese = language.startswith("zh")
    if known is None or not (chinese or language.startswith("en")):
        return text
    shown = spoken(text, language)
    if any(each.text in shown for each in names(house, language) if each.of is not Of.FLOOR):
        return text
    name = name_of(known, language)
    if chinese and _CHINESE_ELLIPSIS.match(text):
        return name + _CHINESE_ELLIPSIS.sub("", text)
    return (_CHINESE if chinese else _ENGLISH).sub(
        lambda _: name if chinese else f"the {name}", text, count=1
    )
