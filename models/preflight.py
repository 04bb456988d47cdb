"""May this machine, and its owner, have this model? Asked before the first byte is fetched. No I/O.

A limit is checked only where something is known: a source that hides its size is found out by the disk.
"""

from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Self

from models.catalogue import Needs
from models.errors import PreflightError
from models.licences import UNKNOWN
from models.licences.policy import Policy, enforce, unsettled
from models.machine import Machine
from models.manifest import Licence
from models.sources.interface import Offer

_ALIKE: Final = 0.8
"""How like another an id is that was meant for it (difflib's ratio)."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a pull takes, in bytes; 0 where nothing is known."""

    disk: int
    build_memory: int
    serve_memory: int

    @classmethod
    def of(cls, needs: Needs | None, offer: Offer) -> Self:
        """From the catalogue and from what the source says.

        Without a catalogue entry only bounds are known: a bundle is at most twice its weights (eight bits from four)
        and at least a third of them (four bits and some tables from sixteen).
        """
        if needs:
            fetched = 2 * needs.download if offer.disk is None else offer.disk
            return cls(fetched + needs.bundle, needs.build_memory, needs.serve_memory)
        weights = offer.weights or 0
        return cls((offer.disk or 0) + 2 * weights, weights // 3, weights // 3)


def check(
    what: str,
    demand: Demand,
    licence: Licence,
    machine: Machine,
    accepted: Collection[str],
    *,
    policy: Policy,
    own_file: bool = False,
) -> None:
    """Refuse a model that its licence, the disk or the memory rules out.

    Raises:
        PolicyError, PreflightError: as `check_licence`, and the first other reason found, with both numbers.
    """
    check_licence(what, licence, accepted, policy=policy, own_file=own_file)
    if demand.disk > machine.disk_free:
        raise PreflightError(
            f"{what} needs {show(demand.disk)} of disk but {show(machine.disk_free)} are free; "
            "make room, or choose another place with --state"
        )
    if demand.serve_memory > machine.memory_total:
        raise PreflightError(
            f"{what} needs {show(demand.serve_memory)} of memory to run but this machine has "
            f"{show(machine.memory_total)}; choose a smaller model"
        )
    if demand.build_memory > machine.memory_available:
        raise PreflightError(
            f"{what} needs {show(demand.build_memory)} of memory while it is built but "
            f"{show(machine.memory_available)} are free; stop other programs, or pull it on a larger machine"
        )


def check_licence(
    what: str, licence: Licence, accepted: Collection[str], *, policy: Policy, own_file: bool = False
) -> None:
    """Refuse a licence that the owner's policy rules out, or that asks what nobody has agreed to.

    `accepted` are the SPDX ids that the owner accepted by name, beside those of the policy. Of an `own_file`,
    one that lay on this machine, nobody need have said under what licence it came: its owner is asked, not warned.

    Raises:
        PolicyError: the policy rules the licence out, whatever was accepted.
        PreflightError: it has to be accepted by name, and was not.
    """
    enforce(policy, licence, what)
    if not (asked := unsettled(policy, licence, accepted)):
        return
    other = _not_it(licence.spdx, accepted, policy)
    if own_file and licence == UNKNOWN:
        raise PreflightError(
            f"{what} does not say what its licence is; if you know that you may use it, "
            f"add --accept-licence {licence.spdx}{other}"
        )
    clauses = ", and ".join(f"{condition.clause} says that {condition.says}" for condition in asked)
    where = f" ({licence.url})" if licence.url else ""
    raise PreflightError(
        f"{what} is under {licence.spdx}{where}: {clauses}; read it, then add --accept-licence {licence.spdx}{other}"
    )


def _not_it(spdx: str, accepted: Collection[str], policy: Policy) -> str:
    """Says that what was accepted is another id: of the command line any, of the policy one that looks like it."""
    if accepted:
        return f" ({', '.join(map(repr, sorted(accepted)))}, which you gave, is not its id)"
    near = get_close_matches(spdx, policy.accept, n=1, cutoff=_ALIKE)
    return f" (policy.accept has {near[0]!r}, which is not its id)" if near else ""


def show(size: int) -> str:
    """Bytes for people: 92.9 MB."""
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} B"
