"""A sentence without what was only thought aloud, and without what its speaker took back.

Knows phrases, no device: "er, close the blinds, no wait, the curtains" is "close the curtains".
"""

import re
from typing import Final

_ENGLISH_ALOUD: Final = re.compile(
    r"(?:^|(?<=[\s,.!?]))(?:er+m*|u+h*m+|u+h+|h+m+|you know(?! (?:if|what|how|where))|oh yes|oh right|ah yes|oh"
    r"|where was i|what was it|let me (?:think|see)|how do i (?:say|put) (?:this|it)|like i (?:said|say)"
    r"|as i was saying"
    r"|goodness(?: me| gracious)?|good grief|i nearly forgot|i almost forgot|before i forget"
    r"|(?:but )?i (?:don't|do not) know (?:if|whether) (?:you|this|it|anyone) [^,.;]*(?:, but)?"
    r"|if it(?:'s| is|s) not too much (?:trouble|bother)|if (?:that|it)(?:'s| is) (?:ok|okay|alright|all right)"
    r"|well i suppose|i suppose|i guess|right then|hang on"
    r"|hold on(?! to)|one (?:sec|second|moment)|just a (?:sec|second|moment)"
    r"|excuse me|sorry to bother you|what i (?:wanted|mean) (?:to say )?is)"
    r"(?=[\s,.!?]|$)[\s,.!?]*",
    re.IGNORECASE,
)
_CHINESE_ALOUD: Final = re.compile(r"就是那個什麼|我想一下|讓我想想|怎麼說呢?|喔對了?|啊對了?|哎(?=[我,，])")
_ENGLISH_TAKEN_BACK: Final = re.compile(
    r"^(?P<said>.+?)[,.;\s-]+(?:no,? wait|wait,? no|oh no|no,? no|no,? sorry|sorry,? no|scratch that|or rather"
    r"|(?:no,? |sorry,? )?i (?:mean|meant)|actually,? no|no,? actually|no,? make that|no,? hang on|hang on,? no)"
    r"[,.;\s]+(?P<meant>.+)$",
    re.IGNORECASE,
)
_CHINESE_TAKEN_BACK: Final = re.compile(
    r"^(?P<said>.+?)[,，。、 ]*(?:啊|喔|呃|欸)?(?:不是|不對|說錯了?|講錯了?)[,，。、 ]+(?:是)?(?P<meant>.+)$"
)
_ENGLISH_NOT_THAT: Final = re.compile(
    r"^(?P<before>.*\b(?:to|at) )[\w ]+, not (?:to |at )?[\w ]+, (?:but )?(?:to |at )?(?P<meant>[\w ]+)$",
    re.IGNORECASE,
)
_ENGLISH_OF_ITS_OWN: Final = re.compile(
    r"^(?:turn|switch|put|set|make|open|close|shut|lock|unlock|raise|lower|dim|start|stop|run|play|mute|pull|leave|keep|"
    r"don't|do not|never|cancel|forget)\b",
    re.IGNORECASE,
)


def corrected(text: str, language: str) -> str:
    """The sentence as far as it wants something; never nothing."""
    if language.startswith("zh"):
        found = _CHINESE_TAKEN_BACK.match(text)
        meant = found["meant"] if found and found["meant"].startswith(("把", "將")) else text
        return _CHINESE_ALOUD.sub("", meant).strip(" ,，。") or text
    if not language.startswith("en"):
        return text
    text = _ENGLISH_NOT_THAT.sub(r"\g<before>\g<meant>", text)
    found = _ENGLISH_TAKEN_BACK.match(text)
    kept = text if found is None else _corrected(found["said"], found["meant"])
    return _ENGLISH_ALOUD.sub("", kept).strip(" ,") or text


def _corrected(said: str, meant: str) -> str:
    """What was said with what was meant in its place; a command that stands alone is meant alone."""
    if _ENGLISH_OF_ITS_OWN.match(meant):
        return meant
    article = re.match(r"(?:the|my|our) ", meant, re.IGNORECASE)
    place = said.casefold().rfind(f" {article[0].casefold()}") if article else -1
    if place < 0:
        return f"{said}, {meant}" if not article else meant
    return f"{said[:place]} {meant}"
