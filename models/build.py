"""From a checkpoint to a bundle directory: graph, data, tokenizer, template, manifest.

Knows the order of the steps and the files of a bundle. Does not know where checkpoints come from (`models.sources`) nor
where bundles are kept (`models.store`). The same checkpoint and recipe give the same bytes.
"""

import hashlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.arch import plan
from models.checkpoint import Checkpoint
from models.graph.builder import ExternalData, Graph
from models.manifest import (
    DECODER_NAME,
    MANIFEST_NAME,
    SCHEMA_VERSION,
    TEMPLATE_NAME,
    TOKENIZER_NAME,
    File,
    Licence,
    Manifest,
    Source,
)
from models.quantize import Recipe
from models.smooth import Smoothed

DATA_NAME: Final = "decoder.onnx.data"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a checkpoint does not say of itself."""

    name: str
    version: str
    licence: Licence
    source: Source
    languages: tuple[str, ...]
    tool_dialect: str = "none"


def build(
    checkpoint: Checkpoint,
    identity: Identity,
    recipe: Recipe,
    into: Path,
    *,
    taps: bool = False,
    spared: frozenset[str] = frozenset(),
    peaks: Mapping[str, NDArray[np.float32]] = MappingProxyType({}),
) -> Manifest:
    """Write a whole bundle into the empty directory `into`; each file is on the disk when this returns.

    With `taps` the graph has further outputs, for `models.calibrate`; such a bundle is not for serving. The
    activations `spared` (`models.outliers`) are not rounded to eight bits. A recipe with an int8 cache needs the
    `peaks` of keys and values (`models.calibrate`).

    Raises:
        ArchitectureError: the architecture, or a feature of it, is not built.
        WeightsError: a tensor is missing, extra, or of the wrong shape.
        QuantizationError: the recipe would fall to onnxruntime's slow path for these shapes.
    """
    design = plan(checkpoint.config)
    recipe.check(tied=design.tied)
    with (into / DATA_NAME).open("wb") as stream:
        graph = Graph(ExternalData(into / DATA_NAME, stream), taps=taps)
        caches = design.build(graph, checkpoint.weights, recipe.sparing(spared).knowing(peaks))
    graph.save(into / DECODER_NAME, {"name": identity.name, "recipe": recipe.name})
    (into / TOKENIZER_NAME).write_bytes(checkpoint.tokenizer)
    (into / TEMPLATE_NAME).write_text(checkpoint.chat_template, encoding="utf-8")
    names = (DECODER_NAME, DATA_NAME, TOKENIZER_NAME, TEMPLATE_NAME)
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        name=identity.name,
        version=identity.version,
        architecture=str(checkpoint.config["model_type"]),
        parameters=sum(math.prod(checkpoint.weights.shape(name)) for name in checkpoint.weights),
        context_length=design.context_length,
        vocabulary_size=design.vocabulary_size,
        bos_id=checkpoint.bos_id,
        eos_ids=checkpoint.eos_ids,
        inputs=graph.inputs,
        outputs=graph.outputs,
        caches=caches,
        quantization=graph.ledger.summary(smoothed=isinstance(checkpoint.weights, Smoothed)),
        sampling=checkpoint.sampling,
        tool_dialect=identity.tool_dialect,
        languages=identity.languages,
        licence=identity.licence,
        source=identity.source,
        fidelity=(),
        files=tuple(describe(into, name) for name in names),
    )
    write_manifest(into, manifest)
    return manifest


def write_manifest(into: Path, manifest: Manifest) -> None:
    """Write `manifest.json`; whoever changes a manifest before it enters the store calls this again."""
    with (into / MANIFEST_NAME).open("w", encoding="utf-8") as stream:
        stream.write(manifest.to_json())
        stream.flush()
        os.fsync(stream.fileno())


def describe(directory: Path, name: str) -> File:
    """Size and sha256 of a file, which is flushed to the disk first."""
    with (directory / name).open("r+b") as stream:
        os.fsync(stream.fileno())
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return File(name, os.fstat(stream.fileno()).st_size, digest)
