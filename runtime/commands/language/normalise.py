"""A sentence without what does not change its meaning: spaces, control characters, politeness and noise at the edges.

Knows no device: what it takes off at the edges is no part of any command, and the middle stays as it is.
"""

import re
import unicodedata
from collections.abc import Sequence

_SPACE = re.compile(r"\s+")
_CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_CJK_GAP = re.compile(rf"(?<=[{_CJK}])\s+(?=[{_CJK}])")
_HAS_CJK = re.compile(rf"[{_CJK}]")
_KEPT = {"Cc": " ", "Cf": "", "Zl": " ", "Zp": " "}
_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"'})

_ENGLISH_BEFORE = re.compile(
    r"""(?:
      please | kindly | hey | hi | hello | okay | ok | alright | all\ right | right | well | so | oh | ah | yeah
    | u+m+ | u+h+ | e+r+m* | h+m+ | like | now | then | just | maybe | quickly | actually | basically | computer
    | also | and | listen | excuse\ me | sorry
    | (?:can|could|will|would|won't|can't|couldn't)\ (?:you|u|we|someone)(?:\ please|\ kindly|\ maybe|\ just)?
      (?!\ (?:see|hear|speak|understand|explain)\b)
    | would\ you\ be\ (?:so\ kind\ (?:as\ )?to|able\ to) | be\ so\ kind\ (?:as\ )?to | be\ a\ dear\ and
    | do\ me\ a\ favou?r\ and | do\ me\ a\ favou?r
    | is\ it\ possible\ (?:for\ you\ )?to | would\ it\ be\ possible\ to | could\ i\ ask\ you\ to
    | i\ (?:was\ (?:just\ )?wondering|wonder|wondered)\ (?:if|whether)\ you\ (?:could|would|can|might)
    | it(?:'d|\ would)\ be\ (?:\w+\ )?(?:lovely|nice|great|good|wonderful|helpful|kind)\ if\ you(?:\ could|\ would)?
    | you\ (?:were|are)\ (?:supposed|meant)\ to(?=.*\bdo\ it\b)
    | i(?:'d|\ would)\ (?:really\ )?(?:like|love|appreciate\ it\ if)\ (?:you\ to|you\ could|you\ would|to\ have|to)
    | i'd\ (?:really\ )?like | i\ would\ (?:really\ )?like | i\ (?:want|need)\ (?:you\ to|to\ have|to)
    | you\ (?:can|could|should|may|need\ to) | why\ don't\ you | let's | let\ us
    | go\ ahead\ and | go\ and | make\ sure\ (?:to|you) | be\ sure\ to | try\ to
    | (?:don't|do\ not|never)\ forget\ to | remember\ to | for\ me
    )(?:\s*[,.!:;\u2026-]+\s*|\s+)""",
    re.VERBOSE,
)
_ENGLISH_AFTER = re.compile(
    r"""(?<!\bfrom)(?:\s*[,.!;\u2026-]+\s*|\s+)(?:
      please | thanks(?:\ a\ lot)? | thank\ (?:you|u)(?:\ (?:very|so)\ much)? | cheers | for\ me | for\ us
    | right\ now | now | right\ away | straight\ away | immediately | at\ once | quickly | asap | already
    | (?:will|would|can|could)\ (?:you|u)(?:\ please)? | ok | okay | if\ you\ (?:can|could|would|please|don't\ mind)
    | when\ you\ (?:can|get\ a\ (?:chance|moment|minute)|have\ (?:a\ )?(?:chance|moment|minute|time))
    | (?:so\ )?do\ it(?:\ now)? | again | then | too | as\ well | buddy | mate | my\ (?:dear|friend) | u+m+ | u+h+
    | (?:and\ )?(?:don't|do\ not)\ (?:wait|hesitate|be\ slow|dawdle)
    )\??$""",
    re.VERBOSE,
)
_GERUND = re.compile(
    r"^(?:(?:(?:would|do) you )?mind|how about|what about)\s+"
    r"(turn|switch|open|clos|shut|sett?|dimm?|lock|unlock|start|stop|chang|mak|rais|lower|activat)(ing)\b"
)
_MISHEARD = re.compile(r"^(?:said|sat) (?=(?:the|my|our) .*\bto\b)")
"""`Set`, as recognisers write it."""
_WHOLE = {
    "sett": "set", "dimm": "dim", "shutt": "shut", "stopp": "stop", "clos": "close", "chang": "change",
    "mak": "make", "rais": "raise", "activat": "activate",
}  # fmt: skip
_CHINESE_BEFORE = re.compile(
    r"(?:(?:如果|要是)?[你您]?(?:可以|方便|有空|不麻煩)的話|請問一下|請問|可以請你|可不可以|可以幫我|能不能|能否|可以|麻煩你|麻煩您|麻煩|拜託|不好意思|請你|請您|請|幫我們|幫我|幫忙|"
    r"替我|給我|先(?=[打把將開關調設鎖拉])|我想要|我想|我要|順便|現在|馬上|立刻|趕快|快點|嗨|嘿|喂|欸|哈囉|你好|嗯+|呃+|"
    r"那個(?=[,、 ])|那就|好啊|好(?=[,、 ])|"
    r"記得要?|別忘了要?|不要忘記要?|不要忘了要?|別忘記要?|[你您](?=可以|能))[,、。! ]*"
)
_CHINESE_AFTER = re.compile(
    r"[,、。! ]*(?:謝謝你|謝謝您|謝謝|感謝|多謝|謝啦|好嗎|好不好|可以嗎|行嗎|可不可以|拜託你?|"
    r"麻煩你?了?|吧|啦|喔|哦|囉|唷|嘛|呢|"
    r"現在|馬上|立刻)\??$"
)
_CHINESE_MAY = re.compile(
    r"^(?:請問)?[你您]?(?:可以|可不可以|能不能|能否|能)(?:請你)?(?:麻煩你)?(?:幫我|幫忙|替我)?(?P<wish>.+?)嗎?\??$"
)
_ENDING = re.compile(r"[\s.!。,;…~]+$")
_OPENING = re.compile(r"^[\s.!。,;:…~]+")
_PARTS = {"½": ".5", "¼": ".25", "¾": ".75"}
_PART = re.compile(r"(?<=\d) ?([½¼¾])")
_RAISED = re.compile(r"(?<=\d)(?=[\u00b2\u00b3\u00b9\u2070-\u2089\u00bc-\u00be\u2150-\u215e])")
"""Where a digit would be glued to a raised one or to a fraction, and be another number."""
_MOST_ROUNDS = 12
"""As often as anything is taken off an edge: longer politeness than that is no politeness."""


def clean(text: str) -> str:
    """The sentence with full-width letters as narrow ones, one space at a time, and no control characters."""
    apart = _RAISED.sub(" ", _PART.sub(lambda match: _PARTS[match[1]], text))
    narrow = unicodedata.normalize("NFKC", apart).translate(_QUOTES)
    kept = "".join(_KEPT.get(unicodedata.category(char), char) for char in narrow)
    return _SPACE.sub(" ", kept).strip()


def plain(text: str, language: str) -> str:
    """The sentence in lower case, without politeness, noise and full stops at its edges; a question mark stays."""
    text = clean(text).casefold()
    if language.startswith("zh"):
        text = _CHINESE_MAY.sub(
            r"\g<wish>", _CJK_GAP.sub("", text).replace("鎖一下", "鎖上").replace("一下", "")
        )
        return _trimmed(text, _CHINESE_BEFORE, _CHINESE_AFTER)
    if language.startswith("en"):
        text = _MISHEARD.sub("set ", _trimmed(text, _ENGLISH_BEFORE, _ENGLISH_AFTER))
        return _GERUND.sub(_infinitive, text)
    return _edges(text)


def _infinitive(match: re.Match[str]) -> str:
    return _WHOLE.get(match[1], match[1])


def _trimmed(text: str, before: re.Pattern[str], after: re.Pattern[str]) -> str:
    """Never all of it: a sentence that is only politeness stays what it is."""
    text = _edges(text)
    for _ in range(_MOST_ROUNDS):
        match = before.match(text)
        shorter = _edges(text[match.end() :]) if match else text
        shorter = _edges(after.sub("", shorter)) or shorter
        if not shorter or shorter == text:
            break
        text = shorter
    return text


def _edges(text: str) -> str:
    return _OPENING.sub("", _ENDING.sub("", text))


def is_chinese(text: str) -> bool:
    """Whether more of its letters are Chinese characters than others, a character being about four letters' worth."""
    letters = sum(letter.isalpha() for letter in text)
    han = len(_HAS_CJK.findall(text))
    return 4 * han > letters - han


def language_of(text: str, asked: str | None, known: Sequence[str]) -> str:
    """Which of the known languages a sentence is in: what was asked for, unless its script says otherwise.

    Args:
        text: the sentence.
        asked: BCP 47, as a caller gave it; None is the first of `known`.
        known: at least one.
    """
    wanted = _nearest(asked, known) or known[0]
    chinese = next((each for each in known if each.startswith("zh")), None)
    if _HAS_CJK.search(text):
        return chinese if chinese and not wanted.startswith(("zh", "ja")) else wanted
    if wanted.startswith("zh") and re.search(r"[a-z]{2}", text.lower()):
        return next((each for each in known if each.startswith("en")), wanted)
    return wanted


def _nearest(asked: str | None, known: Sequence[str]) -> str | None:
    if asked is None:
        return None
    folded = {each.casefold(): each for each in known}
    exact = folded.get(asked.replace("_", "-").casefold())
    base = re.split(r"[-_]", asked.casefold())[0]
    return exact or next((each for fold, each in folded.items() if fold.split("-")[0] == base), None)
