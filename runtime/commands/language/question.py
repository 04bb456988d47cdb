"""Whether a sentence asks how things are, rather than for them to be otherwise."""

import re
from typing import Final

_ENGLISH: Final = re.compile(
    r"^(?:is|are|isn't|aren't|was|were|which|what|what's|whats|who|who's|why|when|where|where's|how|how's|hows|any|some|"
    r"do you know|do|did|does|has|have|tell me|let (?:me|us) know"
    r"|(?:i )?(?:can't|cannot|don't) (?:remember|recall) (?:if|whether)"
    r"|(?:i'm |i am )?not sure (?:if|whether))\b(?!n't)"
)
_CHINESE: Final = re.compile(
    r"嗎|是不是|有沒有|哪|多少|幾|什麼|狀態|怎麼樣|如何|為什麼|還是|多(?:亮|暗|熱|冷|濕|快|大聲)|(?:溫度|濕度)$|沒有?\??$|\?$"
)


def asks(text: str, language: str) -> bool:
    """Whether a sentence that was made plain is a question; of other languages than English and Chinese, perhaps."""
    if language.startswith("zh"):
        return bool(_CHINESE.search(text))
    if language.startswith("en"):
        return bool(_ENGLISH.match(text)) and not text.startswith("do not")
    return True
