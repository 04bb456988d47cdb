"""What one clause leaves to the next: the verb, the rest after the object, the room.

Names stand in a clause as single private characters, as `runtime.commands.language.split` put them there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

_PLACE: Final = re.compile("[\uf000-\uf1ff]")
_MARK: Final = re.compile("[\ue000-\ue1ff\uf000-\uf1ff]")
_ARTICLES: Final = re.compile(r"^(?:(?:the|my|our|in|at|of)\s+)*")
_PARTICLE: Final = re.compile(r"\s?\b(?:on|off|up|down)$")
_STARTS_WITH_PARTICLE: Final = re.compile(r"^(?:on|off|up|down)\b")
_OWN_PREDICATE: Final = re.compile(r"^(?:can|could|should|needs?|wants?|may|must|ought|has|have|is|are)\b")
_TIME: Final = re.compile(r"(?:^|\s)((?:in|after) (?:\d|half|an?\b|a quarter).*)$")
_LEAD: Final = re.compile(
    r"^((?:in|after) (?:\d|half|an?\b|a quarter).*?(?:hours?|minutes?|seconds?|mins?|secs?)\b,?)\s"
)
_CHINESE_LEAD: Final = re.compile(r"^(\d[\d.]*(?:個?半?小時|分鐘|秒鐘?|個鐘頭)+(?:之後|以後|後)[,]?)")


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause, as far as it was said."""

    head: str
    """What comes before the object: the verb."""
    object: str
    tail: str
    """What comes after it: a particle, a value, a time."""
    own: bool
    """It begins with a verb of its own."""


def carried(clauses: Sequence[Clause], *, chinese: bool) -> tuple[str, ...]:
    """The clauses as sentences of their own."""
    whole: list[Clause] = [clauses[0]]
    run = 0
    for clause in clauses[1:]:
        if clause.own or not clause.object:
            run = len(whole)
            whole.append(clause)
            continue
        for at in range(run, len(whole)):
            whole[at] = _back(whole[at], clause, chinese=chinese)
        whole.append(_forth(whole[-1], clause, chinese=chinese))
    return tuple(_said(each, chinese=chinese) for each in _later(whole, chinese=chinese))


def _back(before: Clause, clause: Clause, *, chinese: bool) -> Clause:
    """What an enumeration says only at its end belongs to all of it: "turn the lamp and the fan off"."""
    if not before.tail and clause.tail:
        time = _TIME.search(clause.tail)
        if not _PARTICLE.search(before.head):
            before = replace(before, tail=clause.tail)
        elif time:
            before = replace(before, tail=time[1])
    if _bare_place(before.object) and not _bare_place(clause.object):
        rest = _after_place(clause.object)
        before = replace(before, object=before.object + rest) if rest is not None else before
    place = re.search(r" (?:in|on|at) (?:the |my |our )?[\uf000-\uf1ff]$", clause.object)
    if not chinese and place and not _MARK.search(before.object):
        before = replace(before, object=before.object + place[0])
    return before


def _forth(before: Clause, clause: Clause, *, chinese: bool) -> Clause:
    """The verb and what came after the object, for a thing that was only named."""
    thing = clause.object
    if _bare_place(thing) and (places := list(_PLACE.finditer(before.object))):
        last, place = places[-1], _PLACE.search(thing)
        if place:
            thing = before.object[: last.start()] + place[0] + before.object[last.end() :]
    elif not _MARK.search(thing) and (place := _PLACE.match(before.object if chinese else "")):
        thing = f"{place[0]}的{thing}"
    if not clause.tail:
        return Clause(before.head, thing, before.tail, own=False)
    head = before.head
    if _OWN_PREDICATE.match(clause.tail):
        return Clause("", thing, clause.tail, own=False)
    if _TIME.match(clause.tail):
        return Clause(head, thing, clause.tail, own=False)
    if _STARTS_WITH_PARTICLE.match(clause.tail):
        lead = _LEAD.match(head)
        head = f"{lead[1]} turn" if lead else "turn"
    elif _PARTICLE.search(head):
        head = re.sub(r"\b\w+ (?:on|off|up|down)$", "set", head)
    return Clause(head, thing, clause.tail, own=False)


def _later(clauses: Sequence[Clause], *, chinese: bool) -> list[Clause]:
    """A time at the very beginning is the time of all."""
    lead = (_CHINESE_LEAD if chinese else _LEAD).match(_said(clauses[0], chinese=chinese) + " ")
    if lead is None:
        return list(clauses)
    between = "" if chinese else " "
    return [
        clauses[0],
        *(
            each if each.head.startswith(lead[1]) or _TIME.search(each.tail) or "後" in each.head
            else replace(each, head=f"{lead[1]}{between}{each.head}")
            for each in clauses[1:]
        ),
    ]  # fmt: skip


def _bare_place(thing: str) -> bool:
    return bool(re.fullmatch("[\uf000-\uf1ff]", _ARTICLES.sub("", thing)))


def _after_place(thing: str) -> str | None:
    place = _PLACE.match(_ARTICLES.sub("", thing))
    return None if place is None else _ARTICLES.sub("", thing)[1:]


def _said(clause: Clause, *, chinese: bool) -> str:
    parts = [part for part in (clause.head, clause.object, clause.tail) if part]
    return ("" if chinese else " ").join(parts)
