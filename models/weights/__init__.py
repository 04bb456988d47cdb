"""Readers: a file or directory of weights in, a `Checkpoint` under Hugging Face's names out.

Knows which reader fits which path; each reader owns its format. Where files come from is the business of
`models.sources`.
"""

from pathlib import Path

from models.checkpoint import Checkpoint
from models.errors import WeightsError
from models.weights.directory import open_directory
from models.weights.gguf import open_gguf
from models.weights.whisper_names import is_converted, open_whisper


def open_checkpoint(path: Path) -> Checkpoint:
    """Open a GGUF file, or a directory in Hugging Face's layout or CTranslate2's; tensors stay on disk until asked for.

    Raises:
        WeightsError: missing, truncated, corrupt, or of a kind we do not read.
        ArchitectureError: a GGUF architecture we do not build.
    """
    if path.is_dir():
        return open_whisper(path) if is_converted(path) else open_directory(path)
    if path.suffix == ".safetensors":
        raise WeightsError(
            f"{path.name} is only a model's weights; give the directory that also has its config.json"
        )
    return open_gguf(path)
