"""The one door to optimum, transformers and torch: a checkpoint in, its plain fp32 graph out.

Weights are read from safetensors on this disk and nowhere else, and code that comes with a model is never run. Does not
know what is made of the graph afterwards.
"""

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from models.errors import ExportError
from models.export.reading import EncoderTask

Tracer = Callable[[Path, EncoderTask, Path], Path]
"""A directory with weights, what they are for, an empty place for a directory; the path of the fp32 graph in it."""

_TASKS: Final = {"embed": "feature-extraction", "classify": "text-classification"}
_INSTALL: Final = "pip install 'inglenook[export]'"
_REASON: Final = 160
"""Characters of a library's own words that a message repeats."""


def check_installed() -> None:
    """See that tracing is possible, before anything is fetched for it.

    Raises:
        ExportError: the extra is not installed.
    """
    if missing := [
        name for name in ("torch", "transformers", "optimum.exporters.onnx") if not _is_here(name)
    ]:
        raise ExportError(
            f"exporting needs {missing[0].partition('.')[0]}, which is not installed; on a larger machine: {_INSTALL}"
        )


def _is_here(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # its parent is not here
        return False


def trace(weights: Path, task: EncoderTask, into: Path) -> Path:
    """Write the graph of the checkpoint in directory `weights` into the directory `into`; return its path.

    Raises:
        ExportError: the libraries cannot be loaded, or refuse the checkpoint, or it lacks weights.
    """
    check_installed()
    os.environ["HF_HUB_OFFLINE"] = "1"  # what is exported was fetched, checked and pinned before
    with _as_export_error(weights.name):
        import torch  # noqa: PLC0415  gigabytes, and only the extra has it
        from optimum.exporters.onnx import onnx_export_from_model  # noqa: PLC0415  as above
        from transformers import AutoModel, AutoModelForSequenceClassification  # noqa: PLC0415  as above

        kind = AutoModel if task == "embed" else AutoModelForSequenceClassification
        model, loaded = kind.from_pretrained(
            weights,
            dtype=torch.float32,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
    _refuse_made_up(loaded["missing_keys"])
    with _as_export_error(weights.name):
        onnx_export_from_model(
            model.eval(), into, task=_TASKS[task], do_validation=False, preprocessors=[], device="cpu"
        )
    return into / "model.onnx"


def _refuse_made_up(missing: list[str]) -> None:
    """Transformers fills what a checkpoint lacks with random numbers. Of a plain encoder nothing reads the pooler."""
    if lacking := sorted(name for name in missing if not name.startswith("pooler.")):
        raise ExportError(
            f"the weights lack {lacking[0]!r} and {len(lacking) - 1} more; fetch them from the model's maker, "
            "or choose the task it was trained for"
        )


@contextmanager
def _as_export_error(name: str) -> Iterator[None]:
    """Whatever these libraries raise, as one sentence; their chatter is kept from the terminal."""
    silent = contextlib.redirect_stderr(io.StringIO())
    try:
        with silent, contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            logging.disable(logging.ERROR)
            yield
    except ImportError as exc:
        raise ExportError(
            f"optimum does not fit what is installed beside it ({_first_line(exc)}); "
            f"make a fresh environment: {_INSTALL}"
        ) from exc
    except Exception as exc:  # they raise whatever their parts raise
        raise ExportError(
            f"optimum cannot export {name} ({_first_line(exc)}); choose another model, or one of another layout"
        ) from exc
    finally:
        logging.disable(logging.NOTSET)


def _first_line(exc: Exception) -> str:
    return (str(exc).strip().partition("\n")[0] or type(exc).__name__)[:_REASON]
