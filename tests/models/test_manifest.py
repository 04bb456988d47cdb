"""The contract reads back what it wrote, and nothing that is not it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import ManifestError
from models.manifest import CacheSpec, Fidelity, File, Manifest, Quantization, TensorSpec
from tests.support.manifest import tiny_manifest

PAST = TensorSpec("past.0.key", "float32", ("batch", 3, "capacity", 64))
PRESENT = replace(PAST, name="present.0.key")
WHOLE = replace(
    tiny_manifest(bos_id=1),
    inputs=(PAST,),
    outputs=(PRESENT,),
    caches=(CacheSpec(0, "kv", (PAST,), (PRESENT,)),),
    quantization=(
        Quantization(
            "mlp",
            "int8",
            32,
            symmetric=True,
            method="rtn",
            smoothed=True,
            matrices=2,
            error=0.004,
            float_inputs=("layers.0.mlp.down.weight",),
        ),
    ),
    fidelity=(
        Fidelity(0.001, 0.1, 0.98, 12.5, 12.4, 256, "fidelity-en.txt", "fp32", "aarch64-neon", "catalogue"),
        Fidelity(0.002, 0.1, 0.97, 12.5, 12.4, 1000, "fidelity-en.txt", "fp32", "x86_64-avx2"),
    ),
    files=(File("decoder.onnx", 7, "0" * 64),),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


def altered(*path: str | int, to: object) -> str:
    """WHOLE as JSON, with another value at `path`."""
    raw: Any = json.loads(WHOLE.to_json())
    place = raw
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return json.dumps(raw)


def refused(text: str | bytes) -> str:
    with pytest.raises(ManifestError) as caught:
        Manifest.from_json(text)
    return str(caught.value)


def test_it_reads_back_equal_and_to_the_same_bytes() -> None:
    again = Manifest.from_json(WHOLE.to_json())
    assert again == WHOLE
    assert (again.to_json(), again.digest) == (WHOLE.to_json(), WHOLE.digest)
    assert replace(again, version="2").digest != WHOLE.digest


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (altered("nmae", to="x"), "manifest has an unknown key 'nmae' (did you mean 'name'?)"),
        (altered("files", 0, "mode", to=1), "manifest.files[0] has an unknown key 'mode'"),
        (altered("licence", to={}), "manifest.licence lacks the key 'spdx'"),
        (altered("caches", 0, "kind", to="lstm"), "manifest.caches[0].kind has an unknown word 'lstm'"),
        (
            altered("licence", "tags", to=["comercial"]),
            "manifest.licence.tags[0] has an unknown word 'comercial'",
        ),
        (altered("inputs", 0, "shape", 1, to=None), "manifest.inputs[0].shape[1] is None"),
        (altered("parameters", to=True), "manifest.parameters is True"),
        (altered("parameters", to=1.0), "manifest.parameters is 1.0"),
        (altered("eos_ids", to=2), "manifest.eos_ids is 2"),
        (altered("bos_id", to="1"), "manifest.bos_id is '1'"),
        (altered("fidelity", to=None), "manifest.fidelity is None"),
        (altered("fidelity", 1, "top1", to=10**400), "manifest.fidelity[1].top1 is 1000"),
        (
            altered("fidelity", 0, "origin", to="hearsay"),
            "manifest.fidelity[0].origin has an unknown word 'hearsay'",
        ),
        (altered("schema_version", to=4), "manifest has schema version 4, this inglenook reads up to 3"),
        ("[]", "manifest is not an object"),
        ("{", "manifest is not JSON"),
        (b"\xff", "manifest is not JSON"),
        ("[" * 100_000, "manifest is not JSON"),
        ("1" * 5000, "manifest is not JSON"),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_what_it_is_not_is_refused_by_key_with_advice(text: str | bytes, part: str) -> None:
    message = refused(text)
    assert message.startswith(part)
    assert "pull the model again" in message
    assert len(message) < 500


def test_an_older_manifest_is_made_anew_by_force() -> None:
    assert refused(altered("schema_version", to=1)) == (
        "manifest has schema version 1, this inglenook reads 2; make it anew with `ingle pull NAME --force`"
    )


def test_fidelity_is_that_of_the_class_asked_for() -> None:
    assert WHOLE.fidelity_on("x86_64-avx2") is WHOLE.fidelity[1]
    assert WHOLE.fidelity_on("x86_64-avx512") is None


def test_a_whole_number_does_for_a_real_one() -> None:
    manifest = Manifest.from_json(altered("sampling", "temperature", to=1))
    assert isinstance(manifest.sampling.temperature, float)


@given(st.sampled_from(sorted(json.loads(WHOLE.to_json()))), JSON)
def test_any_value_under_any_key_is_a_manifest_or_a_reason(key: str, value: object) -> None:
    text = altered(key, to=value)
    try:
        manifest = Manifest.from_json(text)
    except ManifestError as exc:
        assert "manifest" in str(exc)  # noqa: PT017  a manifest is as good
    else:
        assert Manifest.from_json(manifest.to_json()) == manifest
