"""The answer to a question that was asked back: which one, how much, yes or no."""

import re
from dataclasses import replace
from typing import Final

from runtime.commands.language.normalise import clean, plain
from runtime.commands.language.pointed import parts, pointed
from runtime.commands.language.quantities import Quantity, digits, quantities
from runtime.commands.meaning import Action, Cannot, Do, Meaning, Option, Reason, Route, Which
from runtime.commands.registry.devices import Options, Range, Switch
from runtime.commands.registry.house import House
from runtime.commands.rules.setting import setting, without
from runtime.commands.rules.situation import Situation, known
from runtime.commands.sentence import Memory, Reading, Sentence
from runtime.commands.wording.speak import say, word, wording

_NO: Final = re.compile(
    r"^(?:n|no|nope|nah|no,? (?:thanks?|thank you|don't|never ?mind)|"
    r"never ?mind|cancel|stop|nothing|"
    r"none|none of (?:them|those|these)|"
    r"neither|forget (?:it|about it)|don't|do not|leave it|not now|skip it|"
    r"不要|不用|不是|不|不行|沒有|都不是|都不要|算了|取消|沒事|停|別|不必)(?:了|啦|吧)?$"
)
_NOT_THAT: Final = re.compile(r"^(?:no,? |不是[,、]?|不,)(?=\S)")
"""What comes before an answer that puts right what was asked."""
_YES: Final = re.compile(
    r"^(?:y|yes|yeah|yep|yup|sure|ok|okay|correct|right|exactly|please|please do|do it|go ahead|"
    r"confirm|confirmed|of course|"
    r"yes,? (?:please|do it|sure)|是|是的|對|對的|好|好的|可以|確定|確認|沒錯|嗯|要)(?:啊|喔|吧|呀)?$"
)
_ALL: Final = re.compile(
    r"^(?:all|both|all of (?:them|those|these)|both of (?:them|those|these)|every(?:thing| one)|everywhere|each|"
    r"全部|都|兩個都|全都|所有的?|都要|兩個|全部都要)$"
)
_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_ENGLISH_PLACE: Final = re.compile(
    rf"^(?:the |number |option )*(?P<place>{'|'.join(_ORDINALS)}|last|\d)(?: (?:one|option|of (?:them|those)))?$"
)
_CHINESE_PLACE: Final = re.compile(r"^第?(?P<place>[一二三四五六七八]|\d|最後)(?:一)?(?:個|盞|台|項|種)?$")
_CHINESE_NUMBERS: Final = "一二三四五六七八"
_BESIDE: Final = re.compile(
    r"^(?:the|an?|one|in|on|of|at|my|our|i|mean|that|that's|it's|it|is|please|i'd|like|them)$"
)
"""Words of an answer that tell nothing."""
_SET_TO: Final = re.compile(
    r"^(?:(?:set|make|put|turn)(?: it)? )?(?:to |at |about |around )?|^(?:設|調)?(?:為|到|成)?"
)


class Clarified:
    """Understands answers; a sentence that is none goes on to the next stage, as a new command."""

    name = "clarified"

    async def read(self, sentence: Sentence, house: House, memory: Memory) -> Reading | None:
        """What the answer means; None where nothing was asked, or this is no answer to it."""
        if memory.asked is None:
            return None
        language = sentence.language
        text = plain(sentence.text, language).rstrip("?")
        whole = clean(sentence.text).casefold().strip(" .!?。")
        meaning = self._answered(
            text, whole, memory.asked, Situation(house, language, known(sentence.area, house), text)
        )
        return None if meaning is None else Reading(meaning, Route.SESSION)

    def _answered(self, text: str, whole: str, asked: Which, situation: Situation) -> Meaning | None:
        if _NO.match(whole) or _NO.match(text):
            return Cannot(Reason.NOT_WANTED, say("refused.not_wanted", situation.language))
        if asked.waiting:
            return _filled(text, asked.waiting, situation)
        option = _chosen(text, whole, asked.options) or _pointed_at(text, asked.options, situation)
        if option is None:
            return None
        gone = [each.device for each in option.actions if each.device not in situation.house.devices]
        if gone:
            text = say("refused.no_such_device", situation.language, what=gone[0])
            return Cannot(Reason.NO_SUCH_DEVICE, text)
        return option


def _chosen(text: str, whole: str, options: tuple[Option, ...]) -> Do | None:
    """The option that an answer names: by its place, by its label, or by what only its label has."""
    if len(options) == 1 and (_YES.match(whole) or _YES.match(text)):
        return options[0].meaning
    if len(options) > 1 and (_ALL.match(whole) or _ALL.match(text)):
        return _all(options)
    labels, said = [_words(each.label) for each in options], _words(text)
    if (labelled := _labelled(text, options)) is not None:
        return labelled
    for pattern in (_ENGLISH_PLACE, _CHINESE_PLACE) if len(options) > 1 else ():
        if match := pattern.match(text):
            return _at(match["place"], options)
    if (rest := _NOT_THAT.sub("", text, count=1)) != text:
        return _chosen(rest, rest, options) if len(options) > 1 else None
    fitting = [each for each, label in zip(options, labels, strict=True) if said and said <= label]
    return fitting[0].meaning if len(fitting) == 1 else None


def _pointed_at(text: str, options: tuple[Option, ...], situation: Situation) -> Do | None:
    """The option of what is pointed at, or those of several that are; each of them by itself has to be plain."""
    if len(options) < 2:  # noqa: PLR2004  a yes or no is wanted
        return None
    text = _NOT_THAT.sub("", text, count=1)
    said = list(parts(text)) if pointed(text, situation.language, situation.house) is None else [text]
    found = [_chosen(each, each, options) or _of_things(each, options, situation) for each in said]
    chosen = [each for each in found if each is not None]
    if not chosen or len(chosen) < len(found):
        return None
    return chosen[0] if len(chosen) == 1 else _all(tuple(Option("", each) for each in chosen))


def _of_things(text: str, options: tuple[Option, ...], situation: Situation) -> Do | None:
    """The only option that is all about what a noun points at."""
    meant = pointed(text, situation.language, situation.house)
    if meant is None:
        return None
    fitting = [
        each
        for each in options
        if each.meaning.actions and {action.device for action in each.meaning.actions} <= set(meant.devices)
    ]
    return fitting[0].meaning if len(fitting) == 1 else None


def _labelled(text: str, options: tuple[Option, ...]) -> Do | None:
    """The option of just this label, or the only one that ends so: the `on` of "turn on" is no filler then."""
    said = _words(text)
    ending = [each for each in options if each.label.casefold().split()[-1:] == [text]]
    same = [each for each in options if _words(each.label) == said]
    found = ending if len(ending) == 1 else same
    return found[0].meaning if found else None


def _all(options: tuple[Option, ...]) -> Do | None:
    """Everything that was offered; an option that says so already has the same."""
    actions = dict.fromkeys(action for each in options for action in each.meaning.actions)
    places = [(each.device, each.capability) for each in actions]
    delays = {each.meaning.after_s for each in options}
    if len(set(places)) < len(places) or len(delays) != 1:
        return None
    return Do(tuple(actions), delays.pop())


def _at(place: str, options: tuple[Option, ...]) -> Do | None:
    if place in {"last", "最後"}:
        return options[-1].meaning if options else None
    if place in _ORDINALS:
        at = _ORDINALS.index(place)
    else:
        at = int(place) - 1 if place.isascii() else _CHINESE_NUMBERS.index(place)
    return options[at].meaning if 0 <= at < len(options) else None


def _words(text: str) -> frozenset[str]:
    """The words that tell; of Chinese, the characters."""
    folded = clean(text).casefold().strip(" .,!?。、")
    if any(char > "\u3000" for char in folded):
        return frozenset(char for char in folded if char not in " 的那個盞在是我要說")
    return frozenset(each for each in folded.replace(",", " ").split() if not _BESIDE.match(each))


def _filled(text: str, waiting: tuple[Action, ...], situation: Situation) -> Meaning | None:
    """The actions with their open values filled by what was said; None if nothing was."""
    actions = []
    for each in waiting:
        if each.value is not None:
            actions.append(each)
            continue
        device = situation.house.devices.get(each.device)
        if device is None:
            what = say("refused.no_such_device", situation.language, what=each.device)
            return Cannot(Reason.NO_SUCH_DEVICE, what)
        capability = device.capability(each.capability)
        if capability is None:
            return without(device, each.capability, situation)
        value = _value(text, capability.domain, situation.language)
        if value is None:
            return None
        action = setting(device, each.capability, value, situation)
        if not isinstance(action, Action):
            return action
        actions.append(replace(each, value=action.value))
    return Do(tuple(actions))


def _value(text: str, domain: object, language: str) -> Quantity | bool | str | None:
    """A value of the kind that is waited for, if the answer is just that."""
    said = digits(_SET_TO.sub("", text, count=1), language)
    match domain:
        case Range():
            found = sorted(quantities(said), key=lambda each: -len(each[0]))
            rest = said.replace(found[0][0], "", 1).strip(" %°趴度百分之.") if found else said
            return found[0][1] if found and rest in {"", "degrees", "percent", "k", "kelvin"} else None
        case Options(values):
            named = [
                each
                for each in values
                if said in {each, word("value", each, language), each.replace("_", " ")}
            ]
            return named[0] if len(named) == 1 else None
        case Switch():
            names = {
                wording(language)["value.on"]: True,
                wording(language)["value.off"]: False,
                "on": True,
                "off": False,
            }
            return names.get(said)
        case _:
            return None
