"""A directory in Hugging Face's layout as a checkpoint.

Knows which file says what: `config.json`, `generation_config.json`, `tokenizer.json`,
`tokenizer_config.json`, `chat_template.jinja`, the index of sharded weights. The bytes of weights are the
business of `models.weights.safetensors`.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tokenizers import Tokenizer

from models.checkpoint import Checkpoint
from models.errors import WeightsError
from models.weights.safetensors import SafetensorsWeights
from models.weights.sampling import sampling_of
from models.weights.stops import stop_ids

_INDEX: Final = "model.safetensors.index.json"
_SINGLE: Final = "model.safetensors"
_MOST_BYTES: Final = 1 << 28
"""Of any one text file: the largest tokenizers have some 40 MB."""


def open_directory(path: Path) -> Checkpoint:
    """Open the model in directory `path`; tensors stay on disk until asked for.

    Raises:
        WeightsError: a file is missing, truncated or corrupt, or they contradict each other.
    """
    return replace(open_companions(path), weights=_weights(path))


def open_companions(path: Path) -> Checkpoint:
    """The same without weights, which need not be there yet: the checkpoint has no tensors.

    Raises:
        WeightsError: as `open_directory`, of all other files.
    """
    config = _object(path, "config.json", required=True)
    if "quantization_config" in config:
        raise WeightsError(f"{path.name} holds quantised weights; use the original ones, in float")
    _refuse_rotary_factors(config)
    generation = _object(path, "generation_config.json")
    settings = _object(path, "tokenizer_config.json")
    tokenizer = _text(path, "tokenizer.json", required=True)
    tokenizer = _with_rows(tokenizer, config.get("vocab_size"))
    reader = _TokenIds(tokenizer, config)
    declared = [
        *reader.listed(generation.get("eos_token_id"), "generation_config.json"),
        *reader.listed(config.get("eos_token_id"), "config.json"),
        *reader.spelled(settings.get("eos_token")),
    ]
    bos = reader.spelled(settings["bos_token"]) if "bos_token" in settings else None
    if bos is None:
        bos = reader.listed(config.get("bos_token_id"), "config.json")
    return Checkpoint(
        config=config,
        weights=SafetensorsWeights(()),
        tokenizer=tokenizer.encode(),
        chat_template=_chat_template(path, settings),
        bos_id=bos[0] if bos else None,
        eos_ids=stop_ids(declared, reader.special),
        sampling=sampling_of(generation, "generation_config.json"),
    )


def _refuse_rotary_factors(config: Mapping[str, Any]) -> None:
    """The type `factors` is our own word, for numbers the GGUF reader has checked; no maker writes it."""
    for key in ("rope_scaling", "rope_parameters"):
        scaling = config.get(key)
        if not isinstance(scaling, Mapping):
            continue
        each = [scaling, *(value for value in scaling.values() if isinstance(value, Mapping))]
        if any("factors" in (one.get("rope_type"), one.get("type")) for one in each):
            raise WeightsError(
                f"config.json has {key} of the type 'factors', which no model has; fetch it from its maker"
            )


def _with_rows(text: str, rows: object) -> str:
    """The tokenizer less special tokens beyond the embedding: those of a sibling that also sees (Gemma 3).

    Raises:
        WeightsError: an ordinary token has no row.
    """
    raw = _parsed(text, "tokenizer.json")
    model, added = raw.get("model"), raw.get("added_tokens")
    if not isinstance(rows, int) or not isinstance(model, dict) or not isinstance(added, list):
        return text
    vocabulary = model.get("vocab")
    size = len(vocabulary) if isinstance(vocabulary, dict | list) else 0
    beyond = [token for token in added if isinstance(token, dict) and _beyond(token.get("id"), rows)]
    if size > rows or not all(token.get("special") is True for token in beyond):
        raise WeightsError(
            f"tokenizer.json has more tokens than the {rows} that config.json says; fetch both from one place"
        )
    if not beyond:
        return text
    return json.dumps({**raw, "added_tokens": [token for token in added if token not in beyond]})


def _beyond(index: object, rows: int) -> bool:
    return isinstance(index, int) and index >= rows


class _TokenIds:
    """Token ids as the various files give them, checked against the tokenizer."""

    def __init__(self, text: str, config: Mapping[str, Any]) -> None:
        try:
            self._tokenizer = Tokenizer.from_str(text)
        # The package raises Exception itself, whatever the cause.
        except Exception as exc:
            raise WeightsError(f"tokenizer.json cannot be read ({str(exc)[:120]}); fetch it again") from exc
        added = self._tokenizer.get_added_tokens_decoder()
        self.special = {token.content: index for index, token in added.items() if token.special}
        rows = config.get("vocab_size")
        self._rows = rows if isinstance(rows, int) else self._tokenizer.get_vocab_size()

    def listed(self, value: object, file: str) -> list[int]:
        """An id, a list of ids, or none."""
        if value is None:
            return []
        ids: list[Any] = value if isinstance(value, list) else [value]
        for index in ids:
            if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < self._rows:
                raise WeightsError(
                    f"{file} names {str(index)[:40]!r} as a token's id, which it is not; fetch it again"
                )
        return ids

    def spelled(self, value: object) -> list[int]:
        """A token's text, plain or as an object with `content`; none when the tokenizer has no such token."""
        text = value.get("content") if isinstance(value, Mapping) else value
        index = self._tokenizer.token_to_id(text) if isinstance(text, str) else None
        return [] if index is None else [index]


def _weights(path: Path) -> SafetensorsWeights:
    index = _object(path, _INDEX).get("weight_map")
    if index is None:
        return SafetensorsWeights(_unindexed(path))
    if not isinstance(index, Mapping) or not all(isinstance(name, str) for name in index.values()):
        raise WeightsError(f"{_INDEX} has no weight_map from tensors to files; fetch it again")
    files = sorted(set(index.values()))
    for name in files:
        if Path(name).name != name:
            raise WeightsError(
                f"{_INDEX} points outside its directory, to {name[:80]!r}; fetch it from its maker"
            )
    weights = SafetensorsWeights([path / name for name in files])
    for name, file in index.items():
        if name not in weights or weights.file(name) != file:
            raise WeightsError(f"{file} lacks tensor {name!r}, which {_INDEX} says it has; fetch it again")
    for name in weights:
        if name not in index:
            raise WeightsError(
                f"{weights.file(name)} has tensor {name!r}, which {_INDEX} does not; fetch them again"
            )
    return weights


def _unindexed(path: Path) -> list[Path]:
    if (path / _SINGLE).exists():
        return [path / _SINGLE]
    files = sorted(path.glob("*.safetensors"))
    if not files:
        raise WeightsError(f"{path.name} has no .safetensors files; fetch the model's safetensors version")
    return files


def _chat_template(path: Path, settings: Mapping[str, Any]) -> str:
    """The file's template before the setting's; of several named ones, `default`."""
    if text := _text(path, "chat_template.jinja"):
        return text
    template = settings.get("chat_template")
    if isinstance(template, list):
        named = {item.get("name"): item.get("template") for item in template if isinstance(item, Mapping)}
        template = named.get("default")
    return template if isinstance(template, str) else ""


def _object(path: Path, name: str, *, required: bool = False) -> dict[str, Any]:
    """A JSON object; empty when the file may be missing and is."""
    text = _text(path, name, required=required)
    if not text and not required:
        return {}
    return _parsed(text, name)


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise WeightsError(f"{name} is not JSON ({str(exc)[:80]}); fetch it again") from exc
    if not isinstance(value, dict):
        raise WeightsError(f"{name} is not a JSON object; fetch it again")
    return value


def _text(path: Path, name: str, *, required: bool = False) -> str:
    """A whole file; empty when it may be missing and is."""
    file = path / name
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise WeightsError(
                f"{name} has more than {_MOST_BYTES} bytes, which no model needs; fetch it again"
            )
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as exc:
        if required:
            raise WeightsError(f"{path.name} has no {name}; give a directory with a whole model") from exc
        return ""
    except OSError as exc:
        raise WeightsError(f"cannot read {name} ({exc.strerror or exc}); check its permissions") from exc
    except UnicodeDecodeError as exc:
        raise WeightsError(f"{name} is not UTF-8; fetch it again") from exc
