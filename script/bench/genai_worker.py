"""The peer: onnxruntime-genai with a folder its own builder made, in its own loop, in an environment of its own."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import onnxruntime_genai as genai
from numpy.typing import NDArray
from workload import Rows, Workload, logits, serve, speed


class Genai:
    """One generator; the folder's head is pruned, so only the last token's logits are computed."""

    def __init__(self, workload: Workload) -> None:
        config = genai.Config(workload.model)
        options = {"intra_op_num_threads": workload.threads}
        config.overlay(json.dumps({"model": {"decoder": {"session_options": options}}}))
        model = genai.Model(config)
        parameters = genai.GeneratorParams(model)
        # A minimum as long as the room keeps the end-of-text token from ending an answer.
        parameters.set_search_options(
            max_length=workload.context, min_length=workload.context, do_sample=False
        )
        self._generator = genai.Generator(model, parameters)

    def prefill(self, ids: Sequence[int]) -> int:
        """Forget everything and read `ids`. The token that follows is chosen here, as with the other engines."""
        self._generator.rewind_to(0)
        self._generator.append_tokens(np.array(ids, dtype=np.int32))
        return self._next()

    def step(self, token: int) -> int:
        """Its loop appends the token it chose itself."""
        del token
        return self._next()

    def row(self, ids: Sequence[int], *, fresh: bool) -> NDArray[np.float32]:
        """Logits [V] behind `ids`."""
        if fresh:
            self._generator.rewind_to(0)
        self._generator.append_tokens(np.array(ids, dtype=np.int32))
        row: NDArray[np.float32] = np.asarray(self._generator.get_logits(), dtype=np.float32)[0, -1]
        return row

    def _next(self) -> int:
        self._generator.generate_next_token()
        return int(self._generator.get_next_tokens()[0])


def _rows(workload: Workload) -> tuple[int, Rows]:
    """A pruned head gives a row a run, so the tokens are read one by one."""
    model = Genai(workload)

    def rows(fresh: bool, ids: Sequence[int]) -> bytes:  # noqa: FBT001  as `logits` calls it
        return b"".join(
            model.row([token], fresh=fresh and place == 0).tobytes() for place, token in enumerate(ids)
        )

    return model.row(workload.text[:1], fresh=True).nbytes // 4, rows


def _build(arguments: Sequence[str], into: BinaryIO) -> None:
    """CHECKPOINT TARGET PRECISION: its own builder, from a float32 checkpoint in Hugging Face's layout."""
    checkpoint, target, precision = arguments
    _name_architecture(Path(checkpoint) / "config.json")
    options = ["-i", checkpoint, "-o", target, "-p", precision, "-e", "cpu", "-c", f"{target}.cache"]
    command = [sys.executable, "-m", "onnxruntime_genai.models.builder", *options]
    done = subprocess.run(
        [*command, "--extra_options", "prune_lm_head=true"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}")
    into.write(b"{}")


def _name_architecture(path: Path) -> None:
    """Its builder goes by the name of transformers' class, which no other file format has."""
    from transformers.models.auto.modeling_auto import (  # noqa: PLC0415  heavy, and only the builder needs it
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as NAMES,
    )

    config = json.loads(path.read_text(encoding="utf-8"))
    config["architectures"] = [NAMES[config["model_type"]]]
    path.write_text(json.dumps(config), encoding="utf-8")


if __name__ == "__main__":
    serve({"speed": speed(Genai), "logits": logits(_rows), "build": _build})
