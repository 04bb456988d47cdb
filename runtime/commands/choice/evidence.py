"""What speaks for each possible thing, and what for none: numbers with names, for a model to weigh.

Each is from 0 to 1, or a difference of two such. Knows what to look at; does not know how much it counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from runtime.commands.choice.looked import ELSEWHERE, SOLE, SURE, Looked
from runtime.commands.choice.realise import fitting, is_difference
from runtime.commands.registry.devices import Range
from runtime.commands.shortlist.possible import Aim, Possible

Matrix = NDArray[np.float64]

FOR: Final = (
    "name",
    "name_sure",
    "name_exact",
    "kind",
    "area",
    "elsewhere",
    "here",
    "pointed",
    "other_named",
    "other_exact",
    "rival",
    "wants",
    "wants_maybe",
    "opposite",
    "pointed_and_wanted",
    "about",
    "about_other",
    "number_fits",
    "number_misfits",
    "number_missing",
    "number_unused",
    "several_said",
    "several_unsaid",
    "one_of_several",
    "plain_capability",
    "value_named",
    "no_cue",
    "level_without_cue",
    "name_part",
    "strange",
    "like_own",
    "like_kind",
    "like_margin",
    "like_and_pointed",
)
"""What speaks for or against one possible thing."""
NONE: Final = (
    "always",
    "asks",
    "imagines",
    "tells",
    "refuses",
    "no_order",
    "idle",
    "absent",
    "nobody_named",
    "nothing_wanted",
    "words_left",
    "unknown_words",
    "short",
    "long",
    "like_nothing",
    "like_nothing_more",
)
"""What speaks for none of them."""

_NO_COMMAND: Final = ("asks", "imagines", "tells", "refuses", "idle", "absent")
_NAMED: Final = 0.55
"""A device is taken for named."""
_POINTED: Final = 0.4
_HINTED: Final = 0.3
_LIKE: Final = 0.45
_AHEAD: Final = 0.1
_RIVAL: Final = 0.5
_WANTED: Final = 0.6
"""Cues above it say on their own where something leads."""
_LEVELS: Final = frozenset({Aim.NUMBER, Aim.MORE, Aim.LESS, Aim.MOST, Aim.LEAST})
_PLAIN: Final = frozenset({"power", "state", "activate"})
"""What a kind is mostly asked for, without a word for it."""
_SHORT, _LONG = 2, 14
"""Words of a sentence."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of one sentence."""

    options: Matrix
    """[possible things, len(FOR)]"""
    none: Matrix
    """[len(NONE)]"""
    crowded: bool = False
    """More than one thing is wanted of it."""
    missing: str = ""
    """What something is to be done with or in, and that is not here; empty if that is not known."""

    @property
    def is_command(self) -> bool:
        """Whether it wants something, and is no question, condition or story, and no "don't"."""
        return not any(self.none[NONE.index(name)] for name in _NO_COMMAND)

    @property
    def is_not_wanted(self) -> bool:
        """Whether it says that something is not to be done."""
        return bool(self.none[NONE.index("refuses")])

    def is_said(self, place: int) -> bool:
        """Whether both the device and what is to happen were said, and nothing that speaks against it.

        However likely: what was not said is not done without asking.
        """
        row = dict(zip(FOR, self.options[place], strict=True))
        named = row["pointed"] >= _NAMED and not row["elsewhere"]
        hinted = row["wants_maybe"] > 0.0 and row["pointed"] >= SURE
        wanted = (row["wants"] > 0.0 or row["number_fits"] or hinted) and not row["opposite"]
        left_over = row["number_unused"] or row["number_misfits"] or row["strange"]
        another = row["other_exact"] or row["rival"] or self.crowded
        return bool(named and wanted and not (left_over or another or row["several_unsaid"]))

    def is_about(self, place: int) -> bool:
        """Whether anything but a number leads there; else there is nothing to ask."""
        row = dict(zip(FOR, self.options[place], strict=True))
        pointed = max(row["pointed"], row["name"]) >= _HINTED
        return bool(pointed or row["wants"] or row["wants_maybe"] or row["like_own"] >= _LIKE)

    def is_plain(self, place: int) -> bool:
        """Whether a name was said as it is, and a word that says where it leads: what is dangerous takes both."""
        row = dict(zip(FOR, self.options[place], strict=True))
        return bool(row["name_exact"] and row["wants"])


def gather(looked: Looked, possible: Sequence[Possible]) -> Evidence:
    """Everything that speaks for or against, of every possible thing."""
    rows = [_of_words(looked, each) for each in possible]
    if looked.likeness is not None:
        for row, meant in zip(rows, _of_meaning(looked, possible, rows), strict=True):
            row.update(meant)
    options = np.array([[row.get(name, 0.0) for name in FOR] for row in rows], np.float64)
    options = options.reshape(len(rows), len(FOR))
    nearest = max((max(row.get("like_own", 0.0), row.get("like_kind", 0.0)) for row in rows), default=0.0)
    stirred = any(
        row["pointed"] >= _POINTED and row["other_named"] <= _AHEAD and not row["no_cue"] for row in rows
    )
    none = _for_none(looked, nearest, idle=not stirred)
    devices = {each for each, named in looked.named.items() if named.part >= SURE or named.exact}
    crowded = looked.orders > 1 and len(devices) > 1
    other = any(none[name] for name in _NO_COMMAND if name not in {"idle", "absent"})
    known = max(looked.pointed.values(), default=0.0) >= _HINTED
    thing = "" if other else (looked.absent if none["absent"] else "" if known else looked.object)
    return Evidence(options, np.array([none[name] for name in NONE], np.float64), crowded, thing)


def _of_words(looked: Looked, possible: Possible) -> dict[str, float]:
    said, capability = looked.said, possible.capability.name
    wants = said.wants(possible)
    who = _who(looked, possible)
    exact, sure = who["name_exact"], wants >= _WANTED
    others = said.about - {capability, "power", "state", "mode"}
    value_said = possible.aim is Aim.VALUE and possible.towards in said.towards and wants == 1.0
    numbers = _numbers(looked, possible)
    return (
        who
        | numbers
        | {
            "wants": wants if sure else 0.0,
            "wants_maybe": 0.0 if sure else wants,
            "opposite": said.wants_opposite(possible),
            "pointed_and_wanted": who["pointed"] * wants,
            "about": float(capability in said.about),
            "about_other": float(bool(others) and capability not in said.about),
            "several_said": float(possible.several and looked.everyone),
            "several_unsaid": float(possible.several and not looked.everyone),
            "one_of_several": float(not possible.several and looked.everyone and not exact),
            "plain_capability": float(capability in _PLAIN),
            "value_named": float(value_said and capability not in _PLAIN),
            "no_cue": float(wants == 0.0 and not numbers.get("number_fits")),
            "level_without_cue": float(
                possible.aim in _LEVELS and wants == 0.0 and not numbers.get("number_fits")
            ),
            "strange": float(looked.strange and not exact),
        }
    )


def _who(looked: Looked, possible: Possible) -> dict[str, float]:
    """Whether it is these devices that are meant."""
    areas, ids = looked.areas, {device.id for device in possible.devices}
    first = looked.named[possible.devices[0].id]
    own = possible.area if possible.several else possible.devices[0].area
    if possible.several:
        name, exact, area = 0.0, False, float(own in areas)
        wrong = bool(areas) and own not in areas
        points = first.kind * (SOLE if area or (own is None and not areas) else ELSEWHERE)
    else:
        name, exact, area = first.name, first.exact, first.area
        wrong = first.elsewhere >= SURE and name < SURE
        points = looked.pointed[possible.devices[0].id]
    other = max((score for device, score in looked.pointed.items() if device not in ids), default=0.0)
    return {
        "name": name,
        "name_sure": float(name >= SURE),
        "name_part": 0.0 if possible.several else first.part,
        "name_exact": float(exact),
        "kind": first.kind,
        "area": area,
        "elsewhere": float(wrong),
        "here": float(not areas and own is not None and looked.sentence.area == own),
        "pointed": points,
        "other_named": max(0.0, other - points),
        "rival": float(
            bool(looked.glued - ids)
            or (not possible.several and not exact and other >= max(_RIVAL, points - _AHEAD))
        ),
        "other_exact": float(
            not looked.glued & ids
            and any(each not in ids and looked.named[each].exact for each in looked.apart(ids))
        ),
    }


def _numbers(looked: Looked, possible: Possible) -> dict[str, float]:
    """Whether the sentence's number fits, does not, is missing, or would be left over."""
    domain, found = possible.capability.domain, looked.quantities
    if found and is_difference(looked.heard.text):
        moves = possible.aim in {Aim.MORE, Aim.LESS} and isinstance(domain, Range)
        return {"number_fits": float(moves), "number_misfits": float(not moves)}
    if possible.aim is not Aim.NUMBER or not isinstance(domain, Range):
        return {"number_unused": float(bool(found))}
    if not found:
        return {"number_missing": 1.0}
    fits = bool(fitting(found, domain, possible.capability.name))
    return {"number_fits": float(fits), "number_misfits": float(not fits)}


def _of_meaning(
    looked: Looked, possible: Sequence[Possible], rows: Sequence[Mapping[str, float]]
) -> list[dict[str, float]]:
    """Likeness to wordings of each, and how far it is ahead of those of other devices."""
    if looked.likeness is None or not possible:
        return [{} for _ in possible]
    own, kind = (column.tolist() for column in (looked.likeness.own, looked.likeness.kind))
    whose = [tuple(device.id for device in each.devices) for each in possible]
    best: dict[tuple[str, ...], float] = {}
    for who, like in zip(whose, own, strict=True):
        best[who] = max(best.get(who, 0.0), like)
    ranked = sorted(best, key=lambda who: -best[who])
    first, second = best[ranked[0]], best[ranked[1]] if len(ranked) > 1 else 0.0
    return [
        {
            "like_own": like,
            "like_kind": of_kind,
            "like_margin": like - (second if who == ranked[0] else first),
            "like_and_pointed": like * row["pointed"],
        }
        for who, like, of_kind, row in zip(whose, own, kind, rows, strict=True)
    ]


def _is_absent(looked: Looked) -> bool:
    """What is named word for word is there, whatever else is said; but in a room that is not there, nothing is."""
    exact = any(each.exact for each in looked.named.values())
    return bool(looked.nowhere or (looked.absent and not exact))


def _for_none(looked: Looked, nearest: float, *, idle: bool) -> dict[str, float]:
    said = looked.said
    share, count = looked.left
    length = len(looked.heard.words) + len(looked.heard.han) // 2
    nothing = looked.likeness.nothing if looked.likeness else 0.0
    return {
        "always": 1.0,
        "asks": float(said.whether.get("asks", False)),
        "imagines": float(said.whether.get("imagines", False)),
        "tells": float(said.whether.get("tells", False)),
        "refuses": float(said.whether.get("refuses", False) or looked.negated),
        "no_order": float(not said.whether.get("orders", False)),
        "idle": float(idle and not said.whether.get("orders", False)),
        "absent": float(_is_absent(looked)),
        "nobody_named": 1.0 - max(looked.pointed.values(), default=0.0),
        "nothing_wanted": 1.0 - max(said.towards.values(), default=0.0),
        "words_left": share,
        "unknown_words": count,
        "short": float(length <= _SHORT),
        "long": float(length >= _LONG),
        "like_nothing": nothing,
        "like_nothing_more": nothing - nearest if looked.likeness else 0.0,
    }
