"""Whether words tell somebody to do something, ask, or are no more than an answer: what no device should be called.

Whatever announces itself chooses its own name; a name like this must not take over what people say.
"""

import re
from typing import Final

from runtime.commands.language.question import asks

_ENGLISH: Final = re.compile(
    r"^(?:please )?(?:don't|dont|do not|never|stop)?\s*(?:to )?"
    r"(?:turn(?:ing)?|switch(?:ing)?|power|set(?:ting)?|open(?:ing)?|clos(?:e|ing)|shut|lock(?:ing)?|"
    r"unlock(?:ing)?|activate|deactivate|dim(?:ming)?|brighten|cancel|stop|press|push|enable|disable|arm|disarm|"
    r"delete|forget|kill|mute|unmute|pause|raise|lower|increase|decrease|reduce|put|make|change|adjust|leave the|"
    r"keep the)\b"
)
_ENGLISH_PLAINLY: Final = re.compile(
    r"^(?:don't|dont|do not|never|stop|turn|unlock|activate|deactivate|brighten|cancel|enable|disable|delete|forget|"
    r"kill|unmute|increase|decrease|reduce)\b|^\w+ (?:the|my|our|all|every|it|on|off|up|down)\b"
)
"""Where the first word of `_ENGLISH` can be no adjective and no noun, as it is in `Lower blind` and `Power strip`."""
_CHINESE: Final = re.compile(
    r"^(?:請|幫我)?(?:不要|不用|別|不准|停止)?(?:打開|開啟|關掉|關閉|關上|鎖上|解鎖|取消|停止|把|將|調[高低亮暗整到]|設定|設為|"
    r"拉上|拉開|按下|啟動|啟用|[開關鎖](?=.{0,6}[燈門窗簾視扇氣鎖機]))"
)
_LITTLE: Final = frozenset({
    "a", "an", "the", "it", "its", "it's", "them", "they", "that", "this", "these", "those", "he", "she",
    "i", "me", "my", "our", "we", "you", "your", "on", "off", "up", "down", "in", "out", "at", "to", "of",
    "for", "from", "with", "by", "and", "or", "but", "not", "no", "nope", "nah", "yes", "yeah", "yep",
    "yup", "sure", "ok", "okay", "right", "fine", "please", "thanks", "stop", "go", "do", "don't", "dont",
    "never", "cancel", "nothing", "none", "all", "both", "each", "every", "everything", "any", "some",
    "one", "here", "there", "now", "then", "just", "so", "hey", "hi", "hello", "is", "are", "was", "be",
    "what", "which", "who", "how", "when", "where", "why", "first", "second", "third", "last", "mind",
    "nevermind", "turn", "switch", "set", "open", "close",
})  # fmt: skip
_CHINESE_LITTLE: Final = re.compile(
    r"^(?:[是的對好要不嗯可以確定認沒錯行了有它他這那個些都全部所取消停別用必算事啊喔吧呢嗎請謝把將一二三四五六七八九十第]+|"
    r"打開|關掉|開啟|關閉)$"
)


def orders(words: str, language: str) -> bool:
    """Whether words, in lower case, begin as a command does, or a "don't"."""
    return bool((_CHINESE if _is_chinese(words, language) else _ENGLISH).match(words))


def orders_plainly(words: str, language: str) -> bool:
    """Whether words begin as a command does and can be nothing else: a name of a device rather than of a scene."""
    return orders(words, language) and (
        _is_chinese(words, language) or _ENGLISH_PLAINLY.match(words) is not None
    )


def says_little(words: str, language: str) -> bool:
    """Whether words, in lower case, are only such as stand in any sentence, or a single letter."""
    if len(words) < 2:  # noqa: PLR2004  a letter
        return True
    if _is_chinese(words, language):
        return bool(_CHINESE_LITTLE.match(words))
    return all(each.strip(",.!?") in _LITTLE for each in words.split())


def stands_alone(words: str, language: str) -> bool:
    """Whether a name, in lower case, may be said by itself: it orders nothing, asks nothing and says enough."""
    asking = language.startswith(("en", "zh")) and asks(words, "zh" if _is_chinese(words, language) else "en")
    return not (asking or orders(words, language) or says_little(words, language))


def _is_chinese(words: str, language: str) -> bool:
    return language.startswith("zh") and not words.isascii()
