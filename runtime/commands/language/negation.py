"""Whether a sentence says that something is not to be done.

In doubt it does: what is wrongly taken for "don't" is said once more, what is wrongly done cannot be undone.
"""

import re
from typing import Final

from runtime.commands.language.names import names
from runtime.commands.language.normalise import clean, plain
from runtime.commands.language.question import asks
from runtime.commands.language.verbs import orders, says_little
from runtime.commands.registry.house import House

_ENGLISH_NOT = re.compile(
    r"\b(?:don't|dont|do not|doesn't|never|not|no longer|no more|won't|wouldn't|mustn't|must not|"
    r"shouldn't|can't|cannot|"
    r"stop (?:turning|switching|opening|closing|setting|dimming|locking|unlocking|changing|making)|"
    r"without|except|apart from|other than|instead of|rather than|no need|nobody|avoid|refrain|keep from|unless)\b"
)
_ENGLISH_MEANS_IT = re.compile(
    r"\b(?:(?:don't|dont|do not|never) (?:forget|fail|wait|hesitate|worry|mind)|why (?:don't|dont) (?:you|we)|"
    r"(?:won't|can't|couldn't|wouldn't) you|if you (?:don't|do not) mind|not only|not yet|"
    r"no problem|whether or not|or not|(?:can't|cannot|can not) (?:see|hear|read|find|sleep|breathe)|"
    r"no longer needs?|not (?:\w+ )?enough|"
    r"(?:don't|do not|doesn't|does not) (?:\w+ )?need (?!you |to ).*\b(?:any ?more|any longer)|"
    r"no more (?!than)|(?:don't|do not|never) leave (?=.* (?:on|burning|running|lit|open|unlocked)\b)|"
    r"(?:nobody|no one) (?:needs?|wants?|uses?|likes?|can (?:walk|get|come|see))|"
    r"(?:nobody|no one)(?:'s| is| was) (?!allowed|supposed|to )|"
    r"not (?:so|too|as|that|quite so|quite that) (?:much|bright|loud|hot|warm|cold|fast|strong|high|dark|dim|quiet)|"
    r"(?:i )?(?:don't|do not) know (?:if|whether)|if (?:it's|it is|that's) not too much (?:trouble|bother)|"
    r"not (?:before|until|for(?= another)) (?=(?:about |another )?(?:\d|half|an?|one|two|three|four|five|six|seven"
    r"|eight|nine|ten|\w+t(?:een|y))\b)|"
    r"without (?:going|waking|blinding))\b"
)
_ENGLISH_LEAVE = re.compile(
    r"^(?:leave|keep|let(?! (?:me|us) know)|hold)\b(?!.* (?:half|halfway|partly|slightly|a bit|a crack|a little) open)"
    r".*\b(?:on|off|open|opened|closed|shut|locked|unlocked|alone|running|be|"
    r"as (?:it|they) (?:is|are)|"
    r"the way (?:it|they) (?:is|are)|like that|like this|dark|lit)$"
)
_OTHERS_NOT: Final = {
    "de": r"\b(?:nicht|kein\w*|nie|niemals)\b",
    "fr": r"\b(?:ne|pas|jamais|sauf)\b|\bn'",
    "es": r"\b(?:no|nunca|excepto|salvo)\b",
    "pt": r"\b(?:não|nunca|exceto)\b",
    "it": r"\b(?:non|mai|tranne)\b",
    "nl": r"\b(?:niet|geen|nooit|behalve)\b",
    "sv": r"\b(?:inte|aldrig|utom)\b",
    "nb": r"\b(?:ikke|aldri|unntatt)\b",
    "da": r"\b(?:ikke|aldrig|undtagen)\b",
    "pl": r"\b(?:nie|nigdy)\b",
    "cs": r"\b(?:ne\w+|nikdy)\b",
    "ru": r"\b(?:не|никогда|кроме)\b",
    "uk": r"\b(?:не|ніколи|крім)\b",
    "ja": r"ないで|しないで|するな|以外",
    "ko": r"지\s?마|하지\s?말",
}
"""By language, for those that the templates of others are read in; in doubt too much, as above."""
_CHINESE_NOT = re.compile(
    r"不要|不用|不必|不准|不可以|不能|不許|不需要|不想|不應該|"
    r"別(?!墅|人|處|的)|勿|莫|沒有要|除了|以外|而不是|禁止|避免"
)
_CHINESE_MEANS_IT = re.compile(
    r"(?:不用|不要|不需要)(?![開關打調鎖拉升降設播放])[^,，。]{0,5}了|別(?:再)?浪費|"
    r"(?:別|不要)(?:忘|等|猶豫|客氣|擔心)|要不要|能不能|可不可以|是不是|有沒有|特別|分別|差別|個別|級別|不要緊"
)
_CHINESE_LEAVE = re.compile(
    r"^(?:讓|保持|維持|留著).*(?:開著|關著|亮著|鎖著|不變|不動)$|"
    r"(?:開著|關著|亮著)就好$|先?別動"
)


def without_meant(text: str) -> str:
    """The sentence without the words that only sound like a "don't": `don't forget`, `not so loud`."""
    return _CHINESE_MEANS_IT.sub("", _ENGLISH_MEANS_IT.sub("", text))


def negated(text: str, language: str, house: House | None = None) -> bool:
    """Whether a command is not to be carried out, or only with an exception: "don't", "never", "leave it on".

    A question is no command, so it never is. With a house, the names in it are read as names: the scene
    `Do not disturb` does not negate.
    """
    text = plain(text, language)
    if not _says_not(text, language):
        return False
    return house is None or _says_not(_without_names(text, house, language), language)


def _says_not(text: str, language: str) -> bool:
    other = _OTHERS_NOT.get(language.split("-", maxsplit=1)[0])
    if other is not None:
        return bool(re.search(other, text))
    chinese = language.startswith("zh")
    leave, means_it, says = (
        (_CHINESE_LEAVE, _CHINESE_MEANS_IT, _CHINESE_NOT)
        if chinese
        else (_ENGLISH_LEAVE, _ENGLISH_MEANS_IT, _ENGLISH_NOT)
    )
    if leave.search(text.rstrip("?")):
        return True
    return not asks(text, "zh" if chinese else "en") and bool(says.search(means_it.sub("", text)))


def _without_names(text: str, house: House, language: str) -> str:
    for name in sorted({each.text for each in names(house, language)}, key=len, reverse=True):
        if name not in text or not _negates(name):
            continue
        if orders(name, language) or _only_negates(name, language):
            text = re.sub(rf"^(activate (?:the )?|啟動){re.escape(name)}$", r"\1", text)
        else:
            text = text.replace(name, " ")
    return clean(text)


def _negates(name: str) -> bool:
    return bool(_ENGLISH_NOT.search(name) or _CHINESE_NOT.search(name))


def _only_negates(name: str, language: str) -> bool:
    """Whether a name has no word of its own beside the "don't": it would take the "don't" out of any sentence."""
    rest = clean(_CHINESE_NOT.sub(" ", _ENGLISH_NOT.sub(" ", name)))
    return orders(rest, language) or says_little(rest, language)
