"""Another bundle from weights that are here already: found by a model's name, never downloaded."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from models.assemble import Builder, assemble
from models.bundle import Bundle
from models.catalogue import catalogue
from models.errors import QuantizationError, StoreError
from models.licences.policy import Policy
from models.pull import Network, Pulled, Wishes, pull
from models.quantize import CacheType, recipe_named
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
        StoreError: its weights are not here, or damaged.
    """
    bundle = _bundle(text, store)
    if bundle is not None:
        built_from = SourceShelf(store).built_from(bundle.manifest)
        if built_from is None:
            raise _missing(text, bundle.manifest.source.uri)
        return built_from.fetched.path
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

    What the name alone means stays as it is; `Store.use` changes it.

    Raises:
        As `weights_of`, and as `models.pull.pull`.
    """
    path = weights_of(text, store)
    bundle = _bundle(text, store)
    wishes = replace(wishes, keep_name=True)
    if bundle is not None:
        manifest = bundle.manifest
        text = _reference(manifest.source.uri) or str(path)
        accepted = wishes.accepted_licences | {manifest.licence.spdx}  # when it was pulled
        wishes = replace(wishes, name=wishes.name or manifest.name, accepted_licences=accepted)
    return pull(
        text,
        store,
        report,
        wishes=wishes,
        network=Network(allowed=False),
        policy=policy,
        build=build,
        again=bundle,
    )


def explain(
    text: str, store: Store, report: Report, recipes: Sequence[str] = (), kv: CacheType = "float32"
) -> tuple[Trial, ...]:
    """Try `recipes`, or all that make sense for the model called `text`, each with keys and values so; nothing is kept.

    Raises:
        As `weights_of`; QuantizationError: there is no such recipe, or no room to measure.
    """
    chosen = tuple(map(recipe_named, recipes))
    checkpoint = open_checkpoint(weights_of(text, store))
    with store.staging() as workspace:
        wanted = [recipe.keeping(kv) for recipe in chosen or candidates(checkpoint)]
        trials = tuple(tried(checkpoint, wanted, workspace, report))
    if not trials:
        raise QuantizationError("none of these recipes fits the shapes of this model; try int8 or fp32")
    return trials


def _bundle(text: str, store: Store) -> Bundle | None:
    try:
        return store.resolve(text)
    except StoreError:
        return None


def _reference(uri: str) -> str | None:
    """What to call the place `uri` of a manifest when pulling; None for a file that lay on this machine."""
    if not uri.startswith(("hf:", "wheel:")):
        return None
    return next((entry.name for entry in catalogue().values() if entry.source == uri), uri)


def _missing(text: str, uri: str) -> StoreError:
    reference = _reference(uri)
    again = f"`ingle pull {reference} --force` fetches them, or " if reference else ""
    return StoreError(
        f"the weights of {text} ({uri}) are not here, or damaged; {again}give the path of the file"
    )
