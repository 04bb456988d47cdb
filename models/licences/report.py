"""What lies on this device under which licence, and whether its owner's policy allows it: as rows, JSON and text.

Knows the models of the store. What other rooms keep (voices, wake words) they tell themselves, as a function of the
state directory in the entry-point group `inglenook.licences`: no room has to know another for the report to be whole.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Final

from models.errors import ModelError
from models.licences import Terms, terms_of
from models.licences.policy import Policy, broken, refusal
from models.manifest import Licence
from models.store import Store

GROUP: Final = "inglenook.licences"


class IncompleteReportError(ModelError):
    """A room that could not be asked: a report without it would pass for a whole one."""


@dataclass(frozen=True, slots=True)
class Licensed:
    """One thing on this device that somebody else made."""

    kind: str
    """model, voice, wake word."""
    name: str
    licence: Licence
    source: str
    """Where it came from."""


Lister = Callable[[Path], Iterable[Licensed]]
"""What an entry point of `GROUP` loads: from the state directory to what is there."""


def on_device(state: Path, sources: Iterable[EntryPoint] | None = None) -> tuple[Licensed, ...]:
    """Everything, by kind and name; `sources` None asks the installed packages.

    Raises:
        IncompleteReportError: one of them cannot be loaded.
    """
    found = list(_models(state))
    for source in entry_points(group=GROUP) if sources is None else sources:
        try:
            lister: Lister = source.load()
        except (ImportError, AttributeError) as exc:
            raise IncompleteReportError(
                f"the licences of {source.name} cannot be listed ({exc}); install inglenook again"
            ) from exc
        found.extend(lister(state))
    return tuple(sorted(found, key=lambda each: (each.kind, each.name)))


def row(each: Licensed, policy: Policy) -> dict[str, Any]:
    """One thing with its terms, for programs; `refused` is None, or the sentence that says why."""
    terms = terms_of(each.licence)
    against = broken(policy, each.licence)
    return {
        "kind": each.kind,
        "name": each.name,
        "licence": terms.spdx,
        "title": terms.name,
        "url": terms.url,
        "tags": list(each.licence.tags),
        "conditions": [asdict(condition) for condition in terms.conditions],
        "display": terms.display,
        "notice": terms.notice,
        "source": each.source,
        "refused": refusal(against, terms, each.name) if against else None,
    }


def paragraph(each: Licensed, policy: Policy) -> str:
    """One thing with its terms, for people."""
    against = broken(policy, each.licence)
    head = [f"{each.kind} {each.name}", f"  from: {each.source}"]
    tail = [f"  refused: {refusal(against, terms_of(each.licence), each.name)}"] if against else []
    return "\n".join([*head, *(f"  {line}" for line in lines(terms_of(each.licence))), *tail])


def lines(terms: Terms) -> Iterator[str]:
    """A licence in words, line by line."""
    title = f" ({terms.name})" if terms.name != terms.spdx else ""
    yield f"licence: {terms.spdx}{title}{f' {terms.url}' if terms.url else ''}"
    for condition in terms.conditions:
        where = f" ({condition.url})" if condition.url else ""
        yield f"{condition.tag}: {condition.clause}: {condition.says}{where}"
    if terms.display:
        yield f"to be shown: {terms.display}"
    if terms.notice:
        yield f"to go with copies: {terms.notice}"


def _models(state: Path) -> Iterator[Licensed]:
    for bundle in Store.below(state).list():
        yield Licensed("model", bundle.reference, bundle.manifest.licence, bundle.manifest.source.uri)
