"""Measuring a bundle again: what is built for it, and that the figures come back."""

from dataclasses import replace
from pathlib import Path

import pytest

from models.assemble import Order, Reference, agrees, assemble, distance, fidelity_of
from models.cpu import cpu_class
from models.errors import StoreError
from models.fidelity import measure
from models.machine import Machine
from models.manifest import MANIFEST_NAME, Fidelity, Manifest
from models.quantize import recipe_named
from models.recorded import foretold, measure_apart
from models.room import logits
from tests.support.goldens import GOLDEN_DIR
from tests.support.small_bundle import quiet
from tests.support.tiny import IDENTITY, tiny_checkpoint


def test_measuring_again_builds_the_plain_fp32_graph(tmp_path: Path) -> None:
    """Taps cost time, and only smoothing reads them."""
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    order = Order(GOLDEN_DIR / "llama-tied", IDENTITY, "int8")
    manifest = assemble(order, bundle, tmp_path / "first", quiet)
    (recorded,) = manifest.fidelity
    measured = fidelity_of(bundle, manifest, tiny_checkpoint(), tmp_path / "again", quiet)
    assert agrees(recorded, measured)
    first, again = (_outputs(tmp_path / name) for name in ("first", "again"))
    assert again == {tensor.name for tensor in manifest.outputs}
    assert first > again


def _outputs(bundle: Path) -> set[str]:
    manifest = Manifest.from_json((bundle / MANIFEST_NAME).read_bytes())
    return {tensor.name for tensor in manifest.outputs}


KNOWN = Fidelity(0.5, 0.5, 0.5, 2.0, 1.0, 9, "fidelity-en.txt", "fp32", "zeta", "catalogue")


def test_what_the_catalogue_knows_stands_beside_what_was_measured(tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    stale = replace(KNOWN, cpu=cpu_class())
    order = Order(GOLDEN_DIR / "llama-tied", IDENTITY, "int8", known=(KNOWN, stale))
    manifest = assemble(order, tmp_path / "bundle", tmp_path / "scratch", quiet)
    here, elsewhere = manifest.fidelity
    assert (here.cpu, here.origin, elsewhere) == (cpu_class(), "built", KNOWN)
    assert here.kl_mean < stale.kl_mean
    assert Manifest.from_json((tmp_path / "bundle" / MANIFEST_NAME).read_bytes()) == manifest


def test_the_catalogues_figures_are_confirmed_less_closely() -> None:
    near = replace(KNOWN, kl_mean=KNOWN.kl_mean * 1.2)
    assert agrees(KNOWN, near)
    assert not agrees(replace(KNOWN, origin="built"), near)
    assert not agrees(KNOWN, replace(KNOWN, perplexity=4.0))


def test_one_after_the_other_measures_the_same(tmp_path: Path) -> None:
    """Where memory does not hold both graphs at once."""
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    reference = Reference.build(tiny_checkpoint(), IDENTITY, tmp_path / "reference")
    manifest = reference.quantize(recipe_named("int4"), bundle)
    assert measure_apart(bundle, manifest, reference.path, tokens=foretold(bundle, manifest)) == measure(
        bundle, manifest, reference.path
    )
    part = measure_apart(bundle, manifest, reference.path, tokens=100)
    assert part == measure(bundle, manifest, reference.path, tokens=100)
    assert part.tokens == 100


def test_a_disk_without_room_for_all_that_fp32_says_measures_fewer_tokens_or_none(tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    reference = Reference.build(tiny_checkpoint(), IDENTITY, tmp_path / "reference")
    manifest = reference.quantize(recipe_named("int8"), tmp_path / "bundle")
    said: list[str] = []

    def measured(disk: int) -> tuple[Fidelity, ...]:
        machine = Machine(disk, 0, 0)
        return distance(
            tmp_path / "bundle", manifest, reference.path, machine, lambda event: said.append(str(event))
        )

    room = logits(1, manifest.vocabulary_size)
    (part,) = measured(1000 * room)
    assert part.tokens == 900
    assert (reference.path / "logits").stat().st_size == 900 * room
    assert any("measuring 900 of " in event for event in said)
    assert measured(500 * room) == ()
    assert "fidelity is not measured" in said[-1]


def test_measuring_again_counts_what_fp32_says_before_it_begins(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    manifest = assemble(Order(GOLDEN_DIR / "llama-tied", IDENTITY, "int8"), bundle, tmp_path / "first", quiet)
    checkpoint, scratch = tiny_checkpoint(), tmp_path / "again"
    needed = 4 * checkpoint.parameters + logits(100, manifest.vocabulary_size)

    def again(disk: int) -> Fidelity:
        machine = Machine(disk, 0, 0)
        return fidelity_of(bundle, manifest, checkpoint, scratch, quiet, tokens=100, machine=machine)

    with pytest.raises(StoreError, match=r"of disk but .* are free; make room"):
        again(needed - 1)
    assert not scratch.exists()
    assert again(needed).tokens == 100
