"""From a checkpoint on disk to an encoder's bundle: trace, finish, quantise, measure, describe.

Knows the order of the steps; does not know where the checkpoint came from nor where the bundle will be kept.
"""

import math
import shutil
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import tokenizers

from models.assemble import Order
from models.build import describe, write_manifest
from models.errors import ExportError, WeightsError
from models.export import graph
from models.export.fidelity import measure
from models.export.reading import EncoderTask, Pooling, Reading, read
from models.export.tracing import Tracer, trace
from models.manifest import (
    ENCODER_NAME,
    SCHEMA_VERSION,
    TOKENIZER_NAME,
    Encoder,
    Manifest,
    Quantization,
    SamplingDefaults,
)
from models.quantize import Scheme, recipe_named
from models.quantize.scheme import FP32
from models.sources.interface import Report, Step
from models.weights import open_checkpoint

_DEFAULT: Final = "int8"


@dataclass(frozen=True, slots=True)
class Exporter:
    """A `models.assemble.Builder` for encoders."""

    task: EncoderTask
    pooling: Pooling | None = None
    """None: as the checkpoint says."""
    trace: Tracer = trace

    def screen(self, weights: Path, what: str) -> None:
        """A `models.assemble.Screen`: see that it is an encoder we know how to export.

        Raises:
            ArchitectureError, ExportError, WeightsError: as building it would.
        """
        del what
        _check_directory(weights)
        read(weights, self.task, self.pooling)

    def __call__(self, order: Order, into: Path, scratch: Path, report: Report) -> Manifest:
        """Build the bundle into the empty directory `into`, with its fidelity.

        Raises:
            ArchitectureError, ExportError: the model is none we know how to export, or optimum fails on it.
            WeightsError: the weights cannot be read.
        """
        _check_directory(order.weights)
        reading = read(order.weights, self.task, self.pooling)
        _check_tokenizer(order.weights / TOKENIZER_NAME, reading)
        scheme = recipe_named(order.recipe or _DEFAULT).attention
        scratch.mkdir()
        report(Step(f"tracing {order.identity.name}"))
        model = graph.load(self.trace(order.weights, self.task, scratch / "traced"))
        graph.finish(model, reading)
        unfit: Collection[str] = ()
        if scheme.quantized:
            graph.save(model, scratch / ENCODER_NAME)
            report(Step(f"building {order.identity.name} ({scheme.name})"))
            unfit = graph.shrink(model, scheme)
        graph.save(model, into / ENCODER_NAME)
        shutil.copyfile(order.weights / TOKENIZER_NAME, into / TOKENIZER_NAME)
        manifest = self._manifest(order, reading, into, graph.specs(model), _rows(scheme, unfit))
        if scheme.quantized and manifest.encoder:
            report(Step("measuring how far the bundle is from fp32"))
            found = measure(into, scratch, self.task, maximum_tokens=reading.maximum_tokens)
            manifest = replace(manifest, encoder=replace(manifest.encoder, fidelity=found))
        write_manifest(into, manifest)
        return manifest

    def _manifest(
        self, order: Order, reading: Reading, into: Path, specs: graph.Specs, rows: tuple[Quantization, ...]
    ) -> Manifest:
        identity, weights = order.identity, open_checkpoint(order.weights).weights
        return Manifest(
            schema_version=SCHEMA_VERSION,
            name=identity.name,
            version=identity.version,
            architecture=reading.architecture,
            parameters=sum(math.prod(weights.shape(name)) for name in weights),
            context_length=reading.maximum_tokens,
            vocabulary_size=reading.vocabulary_size,
            bos_id=None,
            eos_ids=(),
            inputs=specs.inputs,
            outputs=(specs.answer,),
            caches=(),
            quantization=rows,
            sampling=SamplingDefaults(),
            tool_dialect="none",
            languages=identity.languages,
            licence=identity.licence,
            source=identity.source,
            fidelity=(),
            files=tuple(describe(into, name) for name in (ENCODER_NAME, graph.DATA_NAME, TOKENIZER_NAME)),
            encoder=Encoder(
                task=self.task,
                width=specs.width,
                pooling=reading.pooling,
                normalized=reading.normalized,
                labels=reading.labels,
                exclusive=reading.exclusive,
                fidelity=None,
            ),
        )


def _check_directory(weights: Path) -> None:
    if not weights.is_dir():
        raise WeightsError(
            f"{weights.name} is one file; exporting needs a directory with config.json and safetensors"
        )


def _check_tokenizer(path: Path, reading: Reading) -> None:
    try:
        tokens = tokenizers.Tokenizer.from_file(str(path)).get_vocab_size()
    except Exception as exc:  # the library raises Exception itself
        raise WeightsError(f"{path.name} cannot be read ({str(exc)[:120]}); fetch it again") from exc
    if tokens > reading.vocabulary_size:
        raise ExportError(
            f"the tokenizer has {tokens} tokens, the model {reading.vocabulary_size}; fetch both from the model's maker"
        )


def _rows(scheme: Scheme, unfit: Collection[str]) -> tuple[Quantization, ...]:
    groups = [("embedding", scheme), ("matrices", scheme)]
    if unfit:
        groups.append(("others", FP32))
    return tuple(
        Quantization(group, used.name, used.block, used.symmetric, used.method, smoothed=False)
        for group, used in groups
    )
