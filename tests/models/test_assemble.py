"""Measuring a bundle again: what is built for it, and that the figures come back."""

from pathlib import Path

from models.assemble import Order, agrees, assemble, fidelity_of
from models.manifest import MANIFEST_NAME, Manifest
from tests.support.goldens import GOLDEN_DIR
from tests.support.small_bundle import quiet
from tests.support.tiny import IDENTITY, tiny_checkpoint


def test_measuring_again_builds_the_plain_fp32_graph(tmp_path: Path) -> None:
    """Taps cost time, and only smoothing reads them."""
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    order = Order(GOLDEN_DIR / "llama-tied", IDENTITY, "int8")
    manifest = assemble(order, bundle, tmp_path / "first", quiet)
    assert manifest.fidelity is not None
    measured = fidelity_of(bundle, manifest, tiny_checkpoint(), tmp_path / "again", quiet)
    assert agrees(manifest.fidelity, measured)
    first, again = (_outputs(tmp_path / name) for name in ("first", "again"))
    assert again == {tensor.name for tensor in manifest.outputs}
    assert first > again


def _outputs(bundle: Path) -> set[str]:
    manifest = Manifest.from_json((bundle / MANIFEST_NAME).read_bytes())
    return {tensor.name for tensor in manifest.outputs}
