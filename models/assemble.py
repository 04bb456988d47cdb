"""Fetched weights in, finished bundle out: read, quantise, build, measure.

Knows the order of the builder's rooms; does not know where weights came from nor where the bundle will be
kept. Smoothing and fidelity need the fp32 graph of the same weights on disk and in memory for a while; where
the machine cannot hold it, the bundle says that it was neither smoothed nor measured.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from models.arch import plan
from models.build import Identity, build, write_manifest
from models.calibrate import Calibration, calibrate
from models.checkpoint import Checkpoint
from models.fidelity import measure
from models.machine import Machine
from models.manifest import Fidelity, Manifest, SamplingDefaults
from models.outliers import too_uneven
from models.preflight import show
from models.quantize import RECIPES, Recipe, default_recipe, recipe_named
from models.recorded import measure_apart
from models.smooth import Fold, Smoothed
from models.sources.interface import Report, Step
from models.weights import open_checkpoint


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be built."""

    weights: Path
    identity: Identity
    recipe: str | None = None
    """None: by the number of parameters, and by whether the weights are quantised already."""
    sampling: SamplingDefaults | None = None
    """Overrides what the checkpoint recommends."""
    known: tuple[Fidelity, ...] = ()
    """How far such a bundle is from fp32 on other processors than this."""


Builder = Callable[[Order, Path, Path, Report], Manifest]
"""Order, an empty directory for the bundle, a path for scratch beside it, progress."""


def assemble(order: Order, into: Path, scratch: Path, report: Report) -> Manifest:
    """Build the bundle into the empty directory `into`, with its fidelity where it can be measured.

    Raises:
        WeightsError, ArchitectureError, QuantizationError: as the parts it calls.
    """
    checkpoint = open_checkpoint(order.weights)
    if order.sampling is not None:
        checkpoint = replace(checkpoint, sampling=order.sampling)
    recipe = recipe_named(order.recipe) if order.recipe else default_recipe_of(checkpoint)
    told = Step(f"building {order.identity.name} ({recipe.name})")
    if recipe == RECIPES["fp32"] or not fits(checkpoint, scratch, report):
        report(told)
        manifest = build(checkpoint, order.identity, recipe, into)
        # Without smoothing it is another bundle than the one whose fidelity is known.
        return manifest if recipe.smooth else _record(into, manifest, order.known)
    report(Step("building the fp32 graph to measure against"))
    reference = Reference.build(checkpoint, order.identity, scratch)
    report(told)
    manifest = reference.quantize(recipe, into)
    report(Step("measuring how far the bundle is from fp32"))
    measured = measure_apart if tight(checkpoint, scratch) else measure
    found = measured(into, manifest, scratch)
    return _record(into, manifest, (*order.known, found))


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
    def build(cls, checkpoint: Checkpoint, identity: Identity, path: Path) -> Self:
        """Build it at `path`, which is made, and run it over the calibration text."""
        path.mkdir()
        manifest = build(checkpoint, identity, RECIPES["fp32"], path, taps=True)
        folds = plan(checkpoint.config).folds
        return cls(checkpoint, identity, path, manifest, calibrate(path, manifest, folds), folds)

    def quantize(self, recipe: Recipe, into: Path) -> Manifest:
        """Build the bundle by `recipe` in the empty directory `into`, smoothed if asked, sparing what needs it."""
        weights, scales = self.checkpoint.weights, {}
        if recipe.smooth:
            weights = Smoothed(weights, self.folds, self.calibration.energies)
            scales = weights.scales
        spared = too_uneven(self.calibration.samples, scales, recipe.block)
        return build(replace(self.checkpoint, weights=weights), self.identity, recipe, into, spared=spared)


def fidelity_of(
    bundle: Path,
    manifest: Manifest,
    checkpoint: Checkpoint,
    scratch: Path,
    report: Report,
    *,
    tokens: int | None = None,
) -> Fidelity:
    """Build the fp32 graph of `checkpoint` at `scratch` and compare the bundle with it, over so many tokens."""
    report(Step("building the fp32 graph to measure against"))
    identity = Identity(
        manifest.name, manifest.version, manifest.licence, manifest.source, manifest.languages
    )
    scratch.mkdir()
    build(checkpoint, identity, RECIPES["fp32"], scratch)
    report(Step("measuring how far the bundle is from fp32"))
    measured = measure_apart if tight(checkpoint, scratch) else measure
    return measured(bundle, manifest, scratch, tokens=tokens)


def tight(checkpoint: Checkpoint, scratch: Path) -> bool:
    """Whether memory holds the fp32 graph but not much beside it."""
    return 8 * checkpoint.parameters > Machine.measure(scratch.parent).memory_available


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
    """Whether the disk and the memory hold the fp32 graph, four bytes a parameter, beside what is there already.

    It is mapped, not loaded: where other things need the memory, its pages are given up and read again.
    """
    needed, machine = 4 * checkpoint.parameters, Machine.measure(scratch.parent)
    room = min(machine.disk_free, machine.memory_available)
    if needed > room:
        report(Step(f"fidelity is not measured: the fp32 graph takes {show(needed)}, here are {show(room)}"))
    return needed <= room
