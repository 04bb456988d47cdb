"""The peer: llama.cpp through llama-cpp-python, asked as directly as ours, in an environment of its own."""

import json
import sys
import time
from collections.abc import Sequence
from typing import BinaryIO

import llama_cpp
import numpy as np
from workload import Rows, Workload, logits, peak_rss_mib, serve, speed

_BATCH = 512
"""llama.cpp's own default for what is computed at once."""


def _load(workload: Workload, *, logits_all: bool = False) -> llama_cpp.Llama:
    return llama_cpp.Llama(
        workload.model,
        n_ctx=workload.context,
        n_batch=_BATCH,
        n_ubatch=_BATCH,
        n_threads=workload.threads,
        n_threads_batch=workload.threads,
        flash_attn=workload.flash_attention,
        logits_all=logits_all,
        verbose=False,
    )


class LlamaCpp:
    """One context; only the last token's logits are computed, and read where llama.cpp left them."""

    def __init__(self, workload: Workload) -> None:
        self._llama = _load(workload)

    def prefill(self, ids: Sequence[int]) -> int:
        """Forget everything and read `ids`."""
        self._llama.reset()
        return self._append(ids)

    def step(self, token: int) -> int:
        """Append one token."""
        return self._append([token])

    def _append(self, ids: Sequence[int]) -> int:
        self._llama.eval(ids)
        row = llama_cpp.llama_get_logits_ith(self._llama.ctx, -1)
        return int(np.argmax(np.ctypeslib.as_array(row, shape=(self._llama.n_vocab(),))))


def _rows(workload: Workload) -> tuple[int, Rows]:
    llama = _load(workload, logits_all=True)

    def rows(fresh: bool, ids: Sequence[int]) -> bytes:  # noqa: FBT001  as `logits` calls it
        if fresh:
            llama.reset()
        past = llama.n_tokens
        llama.eval(ids)
        return np.ascontiguousarray(llama.scores[past : past + len(ids)], dtype=np.float32).tobytes()

    return llama.n_vocab(), rows


def _command(arguments: Sequence[str], into: BinaryIO) -> None:
    """Answer each prompt under the schema; the grammar is made once, and what a prompt shares is kept."""
    del arguments
    workload = Workload.from_json(sys.stdin.readline())
    asked = json.loads(sys.stdin.readline())
    llama = _load(workload)
    llama.eval(workload.text[:1])
    llama.reset()
    grammar = llama_cpp.LlamaGrammar.from_json_schema(json.dumps(asked["schema"]), verbose=False)
    seconds, texts = [], []
    for ids in asked["prompts"]:
        start = time.perf_counter()
        done = llama.create_completion(ids, grammar=grammar, temperature=0.0, max_tokens=asked["most"])
        seconds.append(time.perf_counter() - start)
        texts.append(done["choices"][0]["text"])
    told = {"seconds": seconds, "texts": texts, "rss_mib": peak_rss_mib()}
    into.write(json.dumps(told).encode())


def _quantise(arguments: Sequence[str], into: BinaryIO) -> None:
    """SOURCE TARGET TYPE: llama.cpp's own quantiser, from one file to another."""
    source, target, name = arguments
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{name}")
    parameters.allow_requantize = True
    if llama_cpp.llama_model_quantize(source.encode(), target.encode(), parameters):
        sys.exit(f"llama.cpp cannot make {name} of {source}")
    into.write(b"{}")


if __name__ == "__main__":
    serve({"speed": speed(LlamaCpp), "logits": logits(_rows), "command": _command, "quantise": _quantise})
