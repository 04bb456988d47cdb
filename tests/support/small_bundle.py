"""A builder that writes real, small bundles out of any bytes: for tests of how bundles are fetched and kept."""

import hashlib
from pathlib import Path

from models.assemble import Order
from models.build import describe, write_manifest
from models.manifest import (
    DECODER_NAME,
    SCHEMA_VERSION,
    TEMPLATE_NAME,
    TOKENIZER_NAME,
    Licence,
    Manifest,
    SamplingDefaults,
    Source,
)
from models.sources.interface import Progress, Report, Step


def write_bundle(
    into: Path, *, name: str = "tiny", version: str = "1", weights: bytes = b"weights"
) -> Manifest:
    """Write a bundle whose decoder is `weights` into the empty directory `into`."""
    source = Source(f"wheel:{name}==1#{name}.gguf", "1", hashlib.sha256(weights).hexdigest())
    return _write(into, name, version, weights, Licence("MIT", ("commercial", "attribution")), source)


def build_small(order: Order, into: Path, scratch: Path, report: Report) -> Manifest:
    """As `models.assemble.assemble`, without understanding the weights."""
    del scratch
    report(Step("building"))
    paths = [order.weights] if order.weights.is_file() else sorted(order.weights.glob("*.safetensors"))
    weights = b"".join(path.read_bytes() for path in paths)
    identity = order.identity
    return _write(into, identity.name, identity.version, weights, identity.licence, identity.source)


def quiet(event: Progress | Step) -> None:
    """A report that nobody reads."""
    del event


def _write(into: Path, name: str, version: str, weights: bytes, licence: Licence, source: Source) -> Manifest:
    (into / DECODER_NAME).write_bytes(weights)
    (into / TOKENIZER_NAME).write_text("{}", encoding="utf-8")
    (into / TEMPLATE_NAME).write_text("", encoding="utf-8")
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        name=name,
        version=version,
        architecture="llama",
        parameters=len(weights),
        context_length=64,
        vocabulary_size=16,
        bos_id=None,
        eos_ids=(0,),
        inputs=(),
        outputs=(),
        caches=(),
        quantization=(),
        sampling=SamplingDefaults(),
        tool_dialect="none",
        languages=("en",),
        licence=licence,
        source=source,
        fidelity=(),
        files=tuple(describe(into, file) for file in (DECODER_NAME, TOKENIZER_NAME, TEMPLATE_NAME)),
    )
    write_manifest(into, manifest)
    return manifest
