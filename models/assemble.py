"""Fetched weights in, finished bundle out: read, quantise, build, measure.

Knows the order of the builder's rooms; does not know where weights came from nor where the bundle will be
kept. Smoothing and fidelity need the fp32 graph of the same weights on disk and in memory for a while; where
the machine cannot hold it, the bundle says that it was neither smoothed nor measured.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from models.arch import plan
from models.build import Identity, build, write_manifest
from models.calibrate import Calibration, calibrate
from models.checkpoint import Checkpoint
from models.errors import QuantizationError, StoreError
from models.fidelity import measure
from models.machine import Machine
from models.manifest import Fidelity, Manifest, SamplingDefaults
from models.outliers import too_uneven
from models.preflight import show
from models.quantize import RECIPES, CacheType, Recipe, default_recipe, recipe_named
from models.recorded import foretold, measure_apart
from models.room import GRAPH, lacking, logits, recordable, tight
from models.smooth import Fold, Smoothed
from models.sources.interface import Report, Step
from models.template import try_template
from models.weights import open_checkpoint
from models.weights.directory import open_companions


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be built."""

    weights: Path
    identity: Identity
    recipe: str | None = None
    """None: by the number of parameters, and by whether the weights are quantised already."""
    kv: CacheType = "float32"
    """As what keys and values are remembered."""
    sampling: SamplingDefaults | None = None
    """Overrides what the checkpoint recommends."""
    known: tuple[Fidelity, ...] = ()
    """How far such a bundle is from fp32 on other processors than this."""


_NO_SCALES: Final = (
    "how large keys and values become is measured on the fp32 graph, which has no room here; "
    "leave out --kv int8, or build it on a larger machine"
)

Builder = Callable[[Order, Path, Path, Report], Manifest]
"""Order, an empty directory for the bundle, a path for scratch beside it, progress."""


Screen = Callable[[Path, str], None]
"""Weights, or a directory with all that lies beside them; and what the model is called. Raises what a builder would."""


def screen(weights: Path, what: str) -> None:
    """See that `assemble` can build the model called `what`, by all that is known without its tensors.

    Raises:
        ArchitectureError: its architecture, or a feature of it, is not built.
        ChatTemplateError: its chat template does not work.
        WeightsError: a file cannot be read.
    """
    checkpoint = open_companions(weights) if weights.is_dir() else open_checkpoint(weights)
    plan(checkpoint.config)
    try_template(checkpoint.chat_template, what)


def assemble(order: Order, into: Path, scratch: Path, report: Report) -> Manifest:
    """Build the bundle into the empty directory `into`, with its fidelity where it can be measured.

    Raises:
        WeightsError, ArchitectureError, ChatTemplateError, QuantizationError: as the parts it calls.
    """
    checkpoint = open_checkpoint(order.weights)
    plan(checkpoint.config)
    try_template(checkpoint.chat_template, order.identity.name)
    if order.sampling is not None:
        checkpoint = replace(checkpoint, sampling=order.sampling)
    recipe = recipe_named(order.recipe) if order.recipe else default_recipe_of(checkpoint)
    recipe = recipe.keeping(order.kv)
    told = Step(f"building {order.identity.name} ({recipe.name})")
    if recipe == RECIPES["fp32"] or not fits(checkpoint, scratch, report):
        if recipe.kv == "int8":
            raise QuantizationError(_NO_SCALES)
        report(told)
        manifest = build(checkpoint, order.identity, recipe, into)
        # Without smoothing it is another bundle than the one whose fidelity is known.
        return manifest if recipe.smooth else _record(into, manifest, order.known)
    report(Step("building the fp32 graph to measure against"))
    reference = Reference.build(checkpoint, order.identity, scratch, recipe.kv)
    report(told)
    manifest = reference.quantize(recipe, into)
    found = distance(into, manifest, scratch, Machine.measure(scratch.parent), report)
    return _record(into, manifest, (*order.known, *found))


def default_recipe_of(checkpoint: Checkpoint) -> Recipe:
    """What a checkpoint gets when nobody chooses."""
    return default_recipe(checkpoint.parameters, quantized=checkpoint.quantized)


@dataclass(frozen=True, slots=True)
class Reference:
    """The fp32 graph of a checkpoint, and what running it told of the activations."""

    checkpoint: Checkpoint
    identity: Identity
    path: Path
    manifest: Manifest
    calibration: Calibration
    folds: tuple[Fold, ...]

    @classmethod
    def build(cls, checkpoint: Checkpoint, identity: Identity, path: Path, kv: CacheType = "float32") -> Self:
        """Build it at `path`, which is made, and run it over the calibration text; `kv` is as in the recipes to come.

        Raises:
            QuantizationError: keys and values are to have eight bits, and it has none.
        """
        path.mkdir()
        manifest = build(checkpoint, identity, RECIPES["fp32"], path, taps=True)
        if kv == "int8" and not manifest.kv:
            raise QuantizationError(
                f"{identity.name} remembers neither keys nor values, so --kv int8 saves nothing; leave it out"
            )
        folds = plan(checkpoint.config).folds
        calibration = calibrate(path, manifest, folds, remembered=kv == "int8")
        return cls(checkpoint, identity, path, manifest, calibration, folds)

    def quantize(self, recipe: Recipe, into: Path) -> Manifest:
        """Build the bundle by `recipe` in the empty directory `into`, smoothed if asked, sparing what needs it."""
        weights, scales = self.checkpoint.weights, {}
        if recipe.smooth:
            weights = Smoothed(weights, self.folds, self.calibration.energies)
            scales = weights.scales
        spared = too_uneven(self.calibration.samples, scales, recipe.block)
        checkpoint, peaks = replace(self.checkpoint, weights=weights), self.calibration.peaks
        return build(checkpoint, self.identity, recipe, into, spared=spared, peaks=peaks)


def distance(
    bundle: Path, manifest: Manifest, reference: Path, machine: Machine, report: Report
) -> tuple[Fidelity, ...]:
    """How far the bundle is from the fp32 graph at `reference`; nothing where the machine has no room to tell."""
    report(Step("measuring how far the bundle is from fp32"))
    if not tight(manifest.parameters, machine):
        return (measure(bundle, manifest, reference),)
    whole = foretold(bundle, manifest)
    tokens = recordable(whole, manifest.vocabulary_size, machine.disk_free)
    if not tokens:
        report(Step(f"fidelity is not measured: here are {show(machine.disk_free)} of disk"))
        return ()
    if tokens < whole:
        report(Step(f"measuring {tokens} of {whole} tokens: the disk has no room for more"))
    return (measure_apart(bundle, manifest, reference, tokens=tokens),)


def fidelity_of(
    bundle: Path,
    manifest: Manifest,
    checkpoint: Checkpoint,
    scratch: Path,
    report: Report,
    *,
    tokens: int | None = None,
    machine: Machine | None = None,
) -> Fidelity:
    """Build the fp32 graph of `checkpoint` at `scratch` and compare the bundle with it, over so many tokens.

    Raises:
        StoreError: the disk has no room for that.
    """
    count = foretold(bundle, manifest) if tokens is None else tokens
    machine = Machine.measure(scratch.parent) if machine is None else machine
    apart = tight(checkpoint.parameters, machine)
    needed = GRAPH * checkpoint.parameters + (logits(count, manifest.vocabulary_size) if apart else 0)
    if needed > machine.disk_free:
        raise StoreError(
            f"measuring {manifest.name} takes {show(needed)} of disk but {show(machine.disk_free)} are free; "
            "make room, then run the same command again"
        )
    report(Step("building the fp32 graph to measure against"))
    identity = Identity(
        manifest.name, manifest.version, manifest.licence, manifest.source, manifest.languages
    )
    scratch.mkdir()
    build(checkpoint, identity, RECIPES["fp32"], scratch)
    report(Step("measuring how far the bundle is from fp32"))
    return (measure_apart if apart else measure)(bundle, manifest, scratch, tokens=count)


def _record(into: Path, manifest: Manifest, rows: Iterable[Fidelity]) -> Manifest:
    """Write the manifest with its fidelity: one row a class of processors, of which the last is kept."""
    latest = {row.cpu: row for row in rows}
    manifest = replace(manifest, fidelity=tuple(latest[cpu] for cpu in sorted(latest)))
    write_manifest(into, manifest)
    return manifest


def agrees(recorded: Fidelity, measured: Fidelity) -> bool:
    """Whether a second measurement confirms the first.

    To a hundredth where this kind of processor built the bundle; to a quarter of what the catalogue knows, since
    another one built that.
    """
    tolerance = 0.01 if recorded.origin == "built" else 0.25
    return math.isclose(recorded.kl_mean, measured.kl_mean, rel_tol=tolerance, abs_tol=1e-6) and math.isclose(
        recorded.perplexity, measured.perplexity, rel_tol=tolerance
    )


def fits(checkpoint: Checkpoint, scratch: Path, report: Report) -> bool:
    """Whether disk and memory hold the fp32 graph and the bundle beside what is there already."""
    reason = lacking(checkpoint.parameters, Machine.measure(scratch.parent))
    if reason:
        report(Step(f"fidelity is not measured: {reason}"))
    return not reason
