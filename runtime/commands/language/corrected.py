"""A sentence without what was only thought aloud, and without what its speaker took back.

Knows phrases, no device: "er, close the blinds, no wait, the curtains" is "close the curtains".
"""

import re
from typing import Final

from runtime.commands.language.quantities import digits

_ENGLISH_ALOUD: Final = re.compile(
    r"(?:^|(?<=[\s,.!?]))(?:er+m*|u+h*m+|u+h+|h+m+|you know(?! (?:if|what|how|where))|oh yes|oh right|ah yes|oh"
    r"|where was i|what was it|let me (?:think|see)|how do i (?:say|put) (?:this|it)|like i (?:said|say)"
    r"|as i was saying|ah|(?:yeah |yes )?go on(?=,)|what(?:'s| is) it called|what was i (?:going|about) to say"
    r"|if you (?:follow me|(?:see|know) what i mean|get my drift)"
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
_ENGLISH_SAY: Final = re.compile(
    r"\b(in|after|to|at|by|for),? (?:say|let's say|like|u+m+|u+h+|er+m*|h+m+), ", re.IGNORECASE
)
"""What is thought aloud before a number: `in, say, forty minutes`."""
_ENGLISH_TAKEN_BACK: Final = re.compile(
    r"^(?P<said>.+?)[,.;\s-]+(?:no,? wait|wait,? no|oh no|no,? no|no,? sorry|sorry,? no|scratch that|or rather"
    r"|(?:no,? |sorry,? )?i (?:mean|meant)|actually,? no|no,? actually|no,? make that|no,? hang on|hang on,? no)"
    r"[,.;\s]+(?P<meant>.+)$",
    re.IGNORECASE,
)
_CHINESE_TAKEN_BACK: Final = re.compile(
    r"^(?P<said>.+?)[,，。、 ]*(?:啊|喔|呃|欸)?(?:(?<!是)(?:不是)+|不對|說錯了?|講錯了?)[,，。、 ]+"
    r"(?:是)?(?P<meant>.+?)(?:才對)?$"
)
_CHINESE_OF_ITS_OWN: Final = re.compile(r"^(?:[把將]|[打開關調鎖拉].)")
_DOUBT: Final = (
    r"(?:oh|ah|no|nah|wait|sorry|actually|hang on|hold on|h+m+|u+m+|u+h+|er+m*|you know what|on second thoughts?"
    r"|i(?:'ve| have)? changed my mind)"
)
_NOTHING: Final = (
    r"leave (?:it|them|that)(?: (?:as (?:it|they) (?:is|are)|alone|be|on|off|open|closed|shut|running|like that"
    r"|for now))?|don't(?: (?:bother|do (?:it|that)))?|do not|stop|not now|no need|as (?:it|they) (?:was|were)"
)
_ENGLISH_TO_NOTHING: Final = re.compile(
    rf"\w(?:[,.;!\s-]+{_DOUBT})+[,.;!\s-]+(?:{_NOTHING})(?: please| then)?[.! ]*$"
    r"|\w[,.;!\s-]+(?:never ?mind|(?<!n't )(?<!not )(?:forget|scratch|scrap|cancel) (?:it|that|about it)"
    r"|forget i said (?:that|anything)|as you were|i(?:'ve| have)? changed my mind)(?: please| then)?[.! ]*$",
    re.IGNORECASE,
)
"""What leaves nothing of a command: any of `_NOTHING` behind a doubt, the rest behind anything."""
_CHINESE_TO_NOTHING: Final = re.compile(
    r"\w[,，。、 ]+(?:啊|喔|呃|欸|嗯|等等|等一下|不對|不是|還是|[,，。、 ])*"
    r"(?:算了|不要好?了|先不要(?:好了)?|還是不用了|當我沒說|別[開關動]了)(?:啦|吧)?[。！! ]*$"
)
_AMOUNT: Final = re.compile(r"-?\d+(?:\.\d+)?")
_THING: Final = re.compile(
    r"\b((?:the|my|our) [\w' ]+?)(?= (?:off|on|up|down|out|to|at|in|please)\b|[,.]|$)", re.IGNORECASE
)
_PRONOUN: Final = re.compile(r"\b(?:it|them)\b", re.IGNORECASE)
"""Of what was said just before, and not of what was spoken of in another sentence."""
_RATHER: Final = re.compile(
    r"^(?:(?:make|do|set|put) (?:it|that) )?(?:(?:to|at) )?|[,. !]*(?:please)?[. !]*$", re.IGNORECASE
)
"""What stands around the number that was meant instead."""
_OTHER_AMOUNT: Final = re.compile(r"^(?P<amount>-?\d+(?:\.\d+)?)(?P<unit>%|°f?| degrees?)?$")
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
        meant = found["meant"] if found and _CHINESE_OF_ITS_OWN.match(found["meant"]) else text
        return _CHINESE_ALOUD.sub("", meant).strip(" ,，。") or text
    if not language.startswith("en"):
        return text
    text = _ENGLISH_SAY.sub(r"\1 ", text)
    text = _ENGLISH_NOT_THAT.sub(r"\g<before>\g<meant>", text)
    found = _ENGLISH_TAKEN_BACK.match(text)
    kept = text if found is None else _corrected(found["said"], found["meant"])
    return _ENGLISH_ALOUD.sub("", kept).strip(" ,") or text


def taken_back(text: str, language: str) -> bool:
    """Whether all of it is taken back in the end: "turn the lamp off, oh no, leave it"."""
    if language.startswith("zh"):
        return _CHINESE_TO_NOTHING.search(text) is not None
    return language.startswith("en") and _ENGLISH_TO_NOTHING.search(text.replace("\u2019", "'")) is not None


def _corrected(said: str, meant: str) -> str:
    """What was said with what was meant in its place; a command that stands alone is meant alone."""
    said_in_digits = digits(said.casefold(), "en")
    other = _OTHER_AMOUNT.match(digits(_RATHER.sub("", meant.casefold()), "en"))
    if other and (amounts := list(_AMOUNT.finditer(said_in_digits))):
        last = amounts[-1]
        unit = re.match(r"%|°f?| degrees?|", said_in_digits[last.end() :])
        kept = unit[0] if unit else ""
        rest = said_in_digits[last.end() + len(kept) :].rstrip(" ,")
        return said_in_digits[: last.start()] + other["amount"] + (other["unit"] or kept) + rest
    if _ENGLISH_OF_ITS_OWN.match(meant):
        thing = _THING.search(said)
        return meant if thing is None else _PRONOUN.sub(lambda _: thing[1], meant, count=1)
    article = re.match(r"(?:the|my|our) ", meant, re.IGNORECASE)
    place = said.casefold().rfind(f" {article[0].casefold()}") if article else -1
    if place < 0:
        return f"{said}, {meant}" if not article else meant
    return f"{said[:place]} {meant}"
