"""What a checkpoint says of itself as an encoder. Files in, values out.

Knows the keys of `config.json` and of the files that the library Sentence Transformers lays beside it (`modules.json`,
`1_Pooling/config.json`, `sentence_bert_config.json`). Does not know how a graph is made.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from models.errors import ArchitectureError, ExportError
from models.sources.choose import POOLING, kept_as

EncoderTask = Literal["embed", "classify"]
Pooling = Literal["mean", "cls", "none"]

MODEL_TYPES: Final = (
    "albert",
    "bert",
    "camembert",
    "distilbert",
    "electra",
    "modernbert",
    "mpnet",
    "roberta",
    "xlm-roberta",
)
"""Of which a tiny random model has been held to the reference implementation, for both tasks."""
_BEHIND_PADDING: Final = frozenset({"camembert", "roberta", "xlm-roberta"})
"""Their positions begin behind the padding's id: the table has that many more rows than a text may have tokens."""
_MPNET_FIRST: Final = 2
"""Where MPNet's begin, whatever its padding is."""
_MODES: Final[Mapping[str, Pooling]] = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
}
_MODULES: Final = frozenset({"Transformer", "Pooling", "Normalize"})


@dataclass(frozen=True, slots=True)
class Reading:
    """All that a graph and a manifest need to know."""

    architecture: str
    maximum_tokens: int
    vocabulary_size: int
    pooling: Pooling
    normalized: bool
    labels: tuple[str, ...]
    exclusive: bool


def read(directory: Path, task: EncoderTask, pooling: Pooling | None) -> Reading:
    """Read the checkpoint in `directory`; `pooling`, if given, stands in for what it says itself.

    Raises:
        ArchitectureError: no encoder, or it ends in something that is not built.
        ExportError: it does not say what is needed, or is not for this task.
    """
    config = _object(directory / "config.json")
    kind = str(config.get("model_type", "unnamed"))
    if kind not in MODEL_TYPES:
        raise ArchitectureError(
            f"architecture {kind[:40]!r} is no encoder we know; known: {', '.join(MODEL_TYPES)} "
            "(a model that writes is fetched with `ingle pull`)"
        )
    labels: tuple[str, ...] = ()
    if task == "classify":
        labels = _labels(config, directory.name)
    chosen: Pooling = "none" if task == "classify" else pooling or _pooling(directory)
    return Reading(
        architecture=kind,
        maximum_tokens=_maximum(config, directory),
        vocabulary_size=_count(config, "vocab_size"),
        pooling=chosen,
        normalized=task == "embed" and "Normalize" in _modules(directory),
        labels=labels,
        exclusive=task == "classify" and config.get("problem_type") != "multi_label_classification",
    )


def _labels(config: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """By their place in the output. The head must be in the weights: a library would make up one that is not."""
    heads = config.get("architectures")
    if not isinstance(heads, list) or not any(
        str(head).endswith("ForSequenceClassification") for head in heads
    ):
        raise ExportError(f"{name} was not trained to classify texts; use --task feature-extraction")
    named = config.get("id2label")
    try:
        by_place = {int(place): str(label) for place, label in dict(named or {}).items()}
    except (TypeError, ValueError) as exc:
        raise ExportError("config.json has an id2label that is no list of labels; fetch it again") from exc
    if sorted(by_place) != list(range(len(by_place))) or len(by_place) < 2:  # noqa: PLR2004  to choose between
        raise ExportError(
            f"config.json names {len(by_place)} labels in id2label; only models with several labels are built"
        )
    return tuple(by_place[place] for place in sorted(by_place))


def _pooling(directory: Path) -> Pooling:
    path = next((path for name in (POOLING, kept_as(POOLING)) if (path := directory / name).is_file()), None)
    if path is None:
        raise ExportError(
            f"{directory.name} does not say how the vectors of its tokens become one; its model card does: "
            "add --pooling mean or --pooling cls"
        )
    said = _object(path)
    modes = sorted(key for key, value in said.items() if key.startswith("pooling_mode_") and value is True)
    if len(modes) != 1 or modes[0] not in _MODES:
        raise ArchitectureError(
            f"pooling by {' and '.join(modes)[:120] or 'nothing'} is not built; only the mean and the first token are"
        )
    return _MODES[modes[0]]


def _modules(directory: Path) -> frozenset[str]:
    """The steps a text goes through; none where nobody lists them."""
    path = directory / "modules.json"
    if not path.is_file():
        return frozenset()
    listed = _json(path)
    if not isinstance(listed, list) or not all(isinstance(item, Mapping) for item in listed):
        raise ExportError("modules.json is not a list of modules; fetch it again")
    names = frozenset(str(item.get("type", "")).rpartition(".")[2] for item in listed)
    if foreign := names - _MODULES:
        raise ArchitectureError(
            f"the encoder has a module {min(foreign)[:40]!r}, which is not built; choose one without it"
        )
    return names


def _maximum(config: Mapping[str, Any], directory: Path) -> int:
    """What its maker trained it for, and never more than it has positions."""
    positions = _count(config, "max_position_embeddings")
    if config["model_type"] in _BEHIND_PADDING:
        positions -= _count(config, "pad_token_id") + 1
    elif config["model_type"] == "mpnet":
        positions -= _MPNET_FIRST
    path = directory / "sentence_bert_config.json"
    stated = _object(path).get("max_seq_length") if path.is_file() else None
    return min(positions, stated) if type(stated) is int and stated > 0 else positions


def _count(config: Mapping[str, Any], key: str) -> int:
    value = config.get(key)
    if type(value) is not int or value < 0:
        raise ExportError(f"config.json has no {key} that is a number; fetch it again")
    return value


def _object(path: Path) -> Mapping[str, Any]:
    value = _json(path)
    if not isinstance(value, Mapping):
        raise ExportError(f"{path.name} is not a JSON object; fetch it again")
    return value


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as exc:
        raise ExportError(f"{path.name} cannot be read as JSON ({str(exc)[:80]}); fetch it again") from exc
