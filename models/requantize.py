"""Another bundle from weights that are here already: found by a model's name, never downloaded."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from models.assemble import Builder, assemble
from models.bundle import Bundle
from models.catalogue import catalogue
from models.errors import QuantizationError, StoreError
from models.licences.policy import Policy
from models.pull import Pulled, Wishes, pull
from models.quantize import recipe_named
from models.reference import Local, Named, parse
from models.sources.interface import Report
from models.sources.shelf import SourceShelf
from models.store import Store
from models.trials import Trial, candidates, tried
from models.weights import open_checkpoint


def weights_of(text: str, store: Store) -> Path:
    """Where the weights are of a model of the store or the catalogue, or at the path `text`.

    Raises:
        UnknownModelError: `text` names nothing.
        StoreError: its weights are not here.
    """
    bundle = _bundle(text, store)
    if bundle is not None:
        path = SourceShelf(store).weights(bundle.manifest.source)
        if path is None:
            raise _missing(text, bundle.manifest.source.uri)
        return path
    reference = parse(text, known := catalogue())
    if isinstance(reference, Local):
        return reference.path
    uri = str(known[reference.name].reference if isinstance(reference, Named) else reference)
    kept = SourceShelf(store).find(uri)
    if kept is None:
        raise _missing(text, uri)
    return kept.fetched.path


def requantize(
    text: str,
    store: Store,
    report: Report,
    *,
    wishes: Wishes,
    policy: Policy | None = None,
    build: Builder = assemble,
) -> Pulled:
    """Build the model called `text` once more, as the wishes have it; without a name there, as another version.

    Raises:
        As `weights_of`, and as `models.pull.pull`.
    """
    weights_of(text, store)
    bundle = _bundle(text, store)
    if bundle is not None:
        manifest = bundle.manifest
        named = (entry.name for entry in catalogue().values() if entry.source == manifest.source.uri)
        text = next(named, manifest.source.uri)
        accepted = wishes.accepted_licences | {manifest.licence.spdx}  # when it was pulled
        wishes = replace(wishes, name=wishes.name or manifest.name, accepted_licences=accepted)
    return pull(text, store, report, wishes=wishes, policy=policy, build=build)


def explain(text: str, store: Store, report: Report, recipes: Sequence[str] = ()) -> tuple[Trial, ...]:
    """Try `recipes`, or all that make sense for the model called `text`; nothing is kept.

    Raises:
        As `weights_of`; QuantizationError: there is no such recipe, or no room to measure.
    """
    chosen = tuple(map(recipe_named, recipes))
    checkpoint = open_checkpoint(weights_of(text, store))
    with store.staging() as workspace:
        trials = tuple(tried(checkpoint, chosen or candidates(checkpoint), workspace, report))
    if not trials:
        raise QuantizationError("none of these recipes fits the shapes of this model; try int8 or fp32")
    return trials


def _bundle(text: str, store: Store) -> Bundle | None:
    try:
        return store.resolve(text)
    except StoreError:
        return None


def _missing(text: str, uri: str) -> StoreError:
    return StoreError(
        f"the weights of {text} ({uri}) are not here; `ingle pull` them first, or give the path of the file"
    )
