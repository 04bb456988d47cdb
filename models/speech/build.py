"""From the weights of a Whisper to its bundle: two graphs, their data, the tokenizer, the manifest.

Knows the order of the steps; does not know where weights came from nor where the bundle will be kept.
"""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from models.arch.reading import Reader
from models.assemble import Order
from models.build import DATA_NAME, describe, write_manifest
from models.checkpoint import Checkpoint
from models.errors import ArchitectureError, WeightsError
from models.graph.builder import ExternalData, Graph
from models.manifest import (
    DECODER_NAME,
    ENCODER_NAME,
    SPEECH_SCHEMA_VERSION,
    TOKENIZER_NAME,
    Manifest,
    SamplingDefaults,
    Transcriber,
)
from models.quantize import Recipe, recipe_named
from models.sources.interface import Report, Step
from models.speech.config import MODEL_TYPE, Config, ignored
from models.speech.decoder import build_decoder
from models.speech.encoder import build_encoder
from models.speech.tokens import Tokens
from models.weights import open_checkpoint
from models.weights.directory import open_companions
from models.weights.whisper_names import is_converted, open_whisper

__all__ = ["assemble", "is_converted", "screen"]

ENCODER_DATA: Final = "encoder.onnx.data"
_DEFAULT: Final = "int8"
_GENERATION: Final = "generation_config.json"
_MOST_BYTES: Final = 1 << 22


def screen(weights: Path, what: str) -> None:
    """A `models.assemble.Screen`: see that it is a Whisper that is built.

    Raises:
        ArchitectureError, WeightsError: as building it would.
    """
    del what
    checkpoint = open_whisper(weights) if is_converted(weights) else open_companions(weights)
    _understood(checkpoint, weights)


def assemble(order: Order, into: Path, scratch: Path, report: Report) -> Manifest:
    """Build the bundle into the empty directory `into`: a `models.assemble.Builder`.

    Raises:
        ArchitectureError: it has what is not built.
        WeightsError: the weights cannot be read, or a tensor is missing, extra or of the wrong shape.
        QuantizationError: the recipe does not fit it.
    """
    del scratch
    checkpoint = open_checkpoint(order.weights)
    config, tokens = _understood(checkpoint, order.weights)
    recipe = recipe_named(order.recipe or _DEFAULT)
    recipe.check(tied=True)
    report(Step(f"building {order.identity.name} ({recipe.name})"))
    read = Reader(checkpoint.weights, "Whisper")
    with _written(into, ENCODER_NAME, ENCODER_DATA, order, recipe) as encoder:
        build_encoder(encoder, config, read, recipe.sparing(frozenset()))
    with _written(into, DECODER_NAME, DATA_NAME, order, recipe) as decoder:
        caches = build_decoder(decoder, config, read, recipe.sparing(frozenset()))
    read.refuse_rest(*ignored(checkpoint.weights))
    (into / TOKENIZER_NAME).write_bytes(checkpoint.tokenizer)
    manifest = Manifest(
        schema_version=SPEECH_SCHEMA_VERSION,
        name=order.identity.name,
        version=order.identity.version,
        architecture=MODEL_TYPE,
        parameters=sum(math.prod(checkpoint.weights.shape(name)) for name in checkpoint.weights),
        context_length=config.max_target_positions,
        vocabulary_size=config.vocab_size,
        bos_id=tokens.start,
        eos_ids=(tokens.end,),
        inputs=decoder.inputs,
        outputs=decoder.outputs,
        caches=caches,
        quantization=encoder.ledger.summary(smoothed=False) + decoder.ledger.summary(smoothed=False),
        sampling=SamplingDefaults(temperature=0.0),
        tool_dialect="none",
        languages=order.identity.languages or _spoken(tokens),
        licence=order.identity.licence,
        source=order.identity.source,
        fidelity=(),
        files=tuple(
            describe(into, name)
            for name in (DECODER_NAME, DATA_NAME, ENCODER_NAME, ENCODER_DATA, TOKENIZER_NAME)
        ),
        transcriber=_transcriber(encoder, config, tokens),
    )
    write_manifest(into, manifest)
    return manifest


@contextmanager
def _written(into: Path, name: str, data: str, order: Order, recipe: Recipe) -> Iterator[Graph]:
    """A graph to emit into, saved at the end with its data beside it."""
    with (into / data).open("wb") as stream:
        graph = Graph(ExternalData(into / data, stream))
        yield graph
    graph.save(into / name, {"name": order.identity.name, "recipe": recipe.name})


def _transcriber(encoder: Graph, config: Config, tokens: Tokens) -> Transcriber:
    return Transcriber(
        encoder_inputs=encoder.inputs,
        encoder_outputs=encoder.outputs,
        mel_bins=config.num_mel_bins,
        frames=2 * config.max_source_positions,
        languages=tokens.languages,
        transcribe=tokens.transcribe,
        translate=tokens.translate,
        previous=tokens.previous,
        no_speech=tokens.no_speech,
        no_timestamps=tokens.no_timestamps,
        first_timestamp=tokens.first_timestamp,
        suppressed=tokens.suppressed,
        suppressed_first=tokens.suppressed_first,
    )


def _spoken(tokens: Tokens) -> tuple[str, ...]:
    return tuple(language.code for language in tokens.languages) or ("en",)


def _understood(checkpoint: Checkpoint, weights: Path) -> tuple[Config, Tokens]:
    """Sizes and tokens, of which each says something of the other."""
    config = Config.read(checkpoint.config)
    said = {**_generation(weights), **{k: v for k, v in checkpoint.config.items() if v is not None}}
    tokens = Tokens.read(checkpoint.tokenizer, said, config.vocab_size)
    if not tokens.times_within(config.vocab_size):
        raise ArchitectureError(
            f"a Whisper whose table of {config.vocab_size} rows has none for times is not built; choose another model"
        )
    return config, tokens


def _generation(weights: Path) -> Mapping[str, Any]:
    """What `generation_config.json` says; nothing where there is none."""
    path = weights / _GENERATION
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise WeightsError(f"{path.name} is larger than any model's; fetch it again")
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as exc:
        raise WeightsError(f"{path.name} cannot be read as JSON ({str(exc)[:80]}); fetch it again") from exc
    return found if isinstance(found, dict) else {}
