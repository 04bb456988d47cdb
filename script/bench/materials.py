"""The files every engine loads, all made from one: ours by our builder, each peer's by its own tool. Kept.

What our builder makes is kept under a name that holds a hash of its sources, so a changed builder makes it again.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from goals import GENAI, LLAMA
from safetensors.numpy import save_file
from workers import Workers

import models
from models.assemble import Order, assemble
from models.build import Identity
from models.manifest import MANIFEST_NAME, Manifest
from models.sources.interface import Progress, Step
from models.weights import open_checkpoint

LLAMA_BITS: Final = {"Q4_0": 4, "Q4_1": 4, "Q4_K_M": 4, "Q8_0": 8}
GENAI_BITS: Final = {"int4": 4, "int8": 8}


@dataclass(frozen=True)
class Materials:
    """Files below one directory, all from `source`."""

    folder: Path
    source: Path
    """The GGUF file that has the weights."""
    identity: Identity
    workers: Workers
    say: Callable[[str], None]

    def bundle(self, recipe: str) -> Path:
        """Ours; "fp32" is what all are compared with."""
        target = self.folder / f"inglenook-{recipe}-{_builder()}"
        with _once(target) as room:
            if room is not None:
                self.say(f"building {recipe}")
                room.mkdir()
                assemble(Order(self.source, self.identity, recipe), room, _beside(room, "scratch"), _quiet)
                shutil.rmtree(_beside(room, "scratch"), ignore_errors=True)
        return target

    def gguf(self, weights: str) -> Path:
        """llama.cpp's; the source itself where it is of that type already."""
        if self.source.name.endswith(f".{weights}.gguf"):
            return self.source
        target = self.folder / f"{weights}.gguf"
        with _once(target) as room:
            if room is not None:
                self.say(f"llama.cpp makes {weights}")
                self.workers.ask(LLAMA, "quantise", str(self.source), str(room), weights)
        return target

    def genai(self, precision: str) -> Path:
        """onnxruntime-genai's folder, from the dequantised weights."""
        target = self.folder / f"genai-{precision}"
        with _once(target) as room:
            if room is not None:
                self.say(f"onnxruntime-genai's builder makes {precision}")
                self.workers.ask(GENAI, "build", str(self._checkpoint()), str(room), precision)
        return target

    def _checkpoint(self) -> Path:
        """The source in float32, in the layout that transformers reads."""
        target = self.folder / "float32"
        with _once(target) as room:
            if room is not None:
                room.mkdir()
                _write_checkpoint(self.source, room)
        return target


def _write_checkpoint(source: Path, into: Path) -> None:
    checkpoint = open_checkpoint(source)
    save_file(
        {name: checkpoint.weights[name] for name in checkpoint.weights},
        into / "model.safetensors",
        metadata={"format": "pt"},
    )
    config = {
        **checkpoint.config,
        "bos_token_id": checkpoint.bos_id,
        "eos_token_id": list(checkpoint.eos_ids),
    }
    (into / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (into / "tokenizer.json").write_bytes(checkpoint.tokenizer)
    (into / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')


@contextmanager
def _once(target: Path) -> Iterator[Path | None]:
    """Where to make `target`, which appears whole; None where it is made already."""
    if target.exists():
        yield None
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    room = _beside(target, "unfinished")
    for left in (room, _beside(room, "scratch")):
        if left.is_dir():
            shutil.rmtree(left)
    room.unlink(missing_ok=True)
    yield room
    room.rename(target)


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f"{path.name}.{what}")


def _builder() -> str:
    """Changes with what our builder does."""
    digest = hashlib.sha256()
    for path in sorted(Path(models.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def bits_of(bundle: Path) -> int:
    """Of a bundle's largest group, the feed-forward matrices."""
    manifest = Manifest.from_json((bundle / MANIFEST_NAME).read_bytes())
    scheme = {row.group: row.scheme for row in manifest.quantization}["mlp"]
    return int(scheme.removeprefix("int").removeprefix("fp"))


def _quiet(report: Progress | Step) -> None:
    del report
