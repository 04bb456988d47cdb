"""What keeps an English sentence from being a command."""

import re
from typing import Final

from runtime.commands.language.aside.grammar import NAME, PLACE, Grammar, words

_KIND: Final = (
    "(?:lights?|lamps?|lighting|bulbs?|fans?|blinds?|curtains?|shades?|shutters?|windows?|doors?|garage"
    "|gates?|locks?|plugs?|heat(?:ing|er)?s?|radiators?|thermostats?|volume|temperature|degrees?"
    "|brightness|music|sounds?|speakers?|tv|telly|radio|scenes?|sun(?:light|shine)?|daylight|air"
    "|air ?con(?:ditioning|ditioner)?|ac|alarm|everything|all|both|rest|others?|it|them|that|those|this"
    r"|these|the \w+ 1)"
)
_STATE: Final = (
    "(?:on|off|up|down|back|open|shut|closed?|locked?|bright(?:er|en)?|dim(?:mer)?|dark(?:er)?"
    "|quiet(?:er)?|loud(?:er)?|warm(?:er)?|cool(?:er)?|cosy|amber|red|green|blue|white|yellow|orange"
    "|purple|pink)"
)
_COMPLAINT: Final = (
    "(?:too|far|so|very|a bit|a little|kind of|sort of|rather|quite|way|awfully|really|still (?:on|off"
    "|too)|much|supposed|meant|to|needed|wanted|not|dark|cold|hot|loud|bright|stuffy|dim|chilly|baking"
    "|(?:drown|deafen|blind|freez|boil|kill|driv|annoy|bother|bugg)ing)"
)
"""Behind `the lamp is`: no news of it, but a wish."""
_IDLE: Final = (
    r"\b(?:when(?:ever)? you(?:'re| are)? (?:can|ready|free|get|have|got)\b[^,]*|before i (?:forget|freeze"
    r"|melt|trip|fall|faint|die|scream|go (?:blind|mad|deaf|crazy|nuts))\b[^,]*|before (?:it|this"
    r"|that) \w+ (?:me|us|everyone)|while you(?:'re| are) (?:at it|there|up|about it)|if you (?:can|could"
    r"|would|do|don't|wouldn't|please|like|get)\b[^,]*|if (?:it|that)(?:'s| is| isn't"
    r"| wouldn't be)\b[^,]*(?:ok(?:ay)?|possible|right|alright|trouble|bother)|as soon as (?:possible"
    "|you can)|for (?:a|quite a) while|for (?:tonight|later)|look(?:ing)? after|once (?:more|again)"
    "|once and for all|at once|after all|nearly (?:fell|forgot|tripped)|nice and|rise and shine"
    "|there and then|now and then|up and down|by and by|try and|go and|come and"
    r"|do me a favou?r(?: \w+)? and|be (?:so|very) (?:kind|good) (?:and|as to)|and stuff|and thank(?:s"
    "| you)|and (?:make it|be|do it) (?:quick(?:ly)?|snappy|fast)|and hurry(?: up)?|and that's (?:it|all"
    r"|that)|(?:like |as )?i said|let's say|twice as)\b"
)
_WAITS: Final = (
    r"\b(?:when(?:ever)?|once|after|before|while|until|till|as soon as|as long as|by the time|unless|if"
    "|in case|later(?: on)?|soon|tonight|tomorrow|in a (?:while|bit|moment|minute|sec(?:ond)?"
    r"|little while)|at (?:dinner|lunch|breakfast|tea|supper|bedtime|closing)(?: ?time)?)\b"
)
_BEGINS: Final = (
    r"^(?:(?:oh|well|hey|so|ok(?:ay)?|look|and|but|hm+|you know)[, ]+"
    r"|i (?:think|see|guess|believe|know|noticed)(?: that)? )*(?:(?:the|my|our|that|this|your|his|her|their) )?"
)
_THING: Final = rf"(?:{NAME}|{PLACE} {_KIND}|{_KIND} {PLACE})(?: (?:in|at|of) (?:the )?{PLACE})?"
_IS: Final = r"(?: (?:is|are|was|were|isn't|aren't|wasn't|has been|have been|stayed|remains?)|'s)\b"
_ABOUT: Final = words(
    *("how (?:to|do i|do you|can i|would i)", "pretend", "remind", "imagine", "dreamt", "dreamed", "told"),
    r"(?:whisper|shout|yell|scream|mutter|announce|repl(?:y|ie)|sing)(?:s|ed|ing)?",
    r"(?:almost|nearly|say|says|said)(?= (?:turn|switch|open|close|lock|unlock|to)\b)",
    rf"tell (?!me\b|the {NAME}|{NAME})",
    *("neighbou?rs?'?s?'?", "next door'?s?", "twice", "(?:two|three|[2-9]) times", "instead of|rather than"),
)
_STORY: Final = (
    r"\b(?:in|from|like in) (?:the|a|an|this|that|my|his|her|their|our) (?:\w+ )?(?:film|movie|book|novel|story|song"
    r"|game|play|episode|series|dream|nightmare|poem|chapter|advert|commercial|video)\b(?! (?:room|corner|area))"
)
_VERB: Final = "(?:turn|switch|set|put|open|close|shut|lock|unlock|start|stop|dim|raise|lower|make|play|let)"
_QUOTED: Final = rf"""\w[,:;]? ['"](?:please )?{_VERB}\b"""
"""What others say, or what is written: a command only in its quotation marks."""
_SMALL: Final = (
    "(?:please|thanks?(?: you| a lot| very much)?|cheers|quick(?:ly)?|now|go ahead|come on|again|ok(?:ay)?"
    rf"|be (?:a |an )?\w+|so on|hurry(?: up)?|good night|{_STATE}|(?:(?:set|turn|put|make|bring) )?(?:to )?\d.*)"
)
ENGLISH: Final = Grammar(
    idle=re.compile(_IDLE),
    waits=re.compile(_WAITS),
    tells=re.compile(rf"{_BEGINS}{_THING}{_IS} (?!{_COMPLAINT}\b)|{_ABOUT}|{_STORY}|{_QUOTED}"),
    cut=re.compile(r",?\s+(?:and then|and also|as well as|and|then|plus|&)\s+"),
    known=re.compile(
        rf"[{NAME}{PLACE}]|\b{_KIND}\b|^(?:i|we|you|he|she|they|there)\b|^{_SMALL}(?: please)?$"
    ),
)
