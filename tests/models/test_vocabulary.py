"""The rarer half of a head in fewer bits: the other half's logits stay, to the bit, and its bytes are the table's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from numpy.typing import NDArray

from models.manifest import Manifest
from models.quantize import recipe_named
from runtime.engine.bank import new_slot
from runtime.engine.session import Session
from tests.support.tiny import tiny_bundle

PROMPT = np.arange(2, 9)
RARE = "int4-affine-rare4"


def logits(bundle: Path, manifest: Manifest, *, asked: int = len(PROMPT)) -> NDArray[np.float32]:
    slot = new_slot(Session(bundle, manifest, threads=1))
    return slot.prefill(PROMPT, asked=np.arange(asked))


@pytest.mark.parametrize("variant", ["llama-tied", "llama-untied", "phi"])
def test_only_the_rarer_half_changes(variant: str, tmp_path: Path) -> None:
    whole = logits(tmp_path / "a", tiny_bundle(tmp_path / "a", recipe="int4-affine", variant=variant))
    manifest = tiny_bundle(tmp_path / "b", recipe=RARE, variant=variant)
    found = logits(tmp_path / "b", manifest)
    common = -(-manifest.vocabulary_size // 2)
    assert np.array_equal(found[:, :common], whole[:, :common])
    off = found[:, common:] - whole[:, common:]
    assert 0 < np.sqrt(np.square(off).mean()) < 0.2 * whole[:, common:].std()


def test_nothing_asked_computes_no_head(tmp_path: Path) -> None:
    manifest = tiny_bundle(tmp_path / "b", recipe=RARE)
    assert logits(tmp_path / "b", manifest, asked=0).shape == (0, manifest.vocabulary_size)


def test_the_common_half_is_scored_from_the_table_itself(tmp_path: Path) -> None:
    manifest = tiny_bundle(tmp_path / "b", recipe=RARE, variant="llama-tied")
    tensors = {
        name: value.const_value
        for name, value in ir.load(tmp_path / "b" / "decoder.onnx").graph.initializers.items()
    }
    table, scored = tensors["embedding.weight"], tensors["embedding.weight.view1"]
    assert isinstance(table, ir.ExternalTensor)
    assert isinstance(scored, ir.ExternalTensor)
    assert table.offset == scored.offset
    assert scored.shape[0] * 2 == table.shape[0] == manifest.vocabulary_size
    assert [(row.group, row.scheme) for row in manifest.quantization] == [
        ("embedding", "int8"),
        ("attention", "int4"),
        ("mlp", "int4"),
        ("head", "int4"),
    ]


def test_a_head_with_zero_points_is_cut_where_the_others_are(tmp_path: Path) -> None:
    recipe = replace(recipe_named("int8-asymmetric"), rare=recipe_named(RARE).rare)
    whole = logits(tmp_path / "a", tiny_bundle(tmp_path / "a", recipe="int8-asymmetric"))
    manifest = tiny_bundle(tmp_path / "b", recipe=recipe)
    common = manifest.vocabulary_size // 2
    assert np.array_equal(logits(tmp_path / "b", manifest)[:, :common], whole[:, :common])
