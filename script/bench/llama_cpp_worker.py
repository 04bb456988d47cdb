"""The peer: llama.cpp through llama-cpp-python, asked as directly as ours, in an environment of its own."""

from collections.abc import Sequence

import llama_cpp
import numpy as np
from measurement import Workload, measure


class LlamaCpp:
    """One context; only the last token's logits are computed, and read where llama.cpp left them."""

    def __init__(self, workload: Workload) -> None:
        self._llama = llama_cpp.Llama(
            workload.model,
            n_ctx=workload.context,
            n_batch=len(workload.prefill),
            n_ubatch=len(workload.prefill),
            n_threads=workload.threads,
            n_threads_batch=workload.threads,
            flash_attn=workload.flash_attention,
            logits_all=False,
            verbose=False,
        )

    def prefill(self, ids: Sequence[int]) -> int:
        """Forget everything and read `ids`."""
        self._llama.reset()
        return self._append(ids)

    def step(self, token: int) -> int:
        """Append one token."""
        return self._append([token])

    def _append(self, ids: Sequence[int]) -> int:
        self._llama.eval(ids)
        logits = llama_cpp.llama_get_logits_ith(self._llama.ctx, -1)
        return int(np.argmax(np.ctypeslib.as_array(logits, shape=(self._llama.n_vocab(),))))


if __name__ == "__main__":
    measure(Workload.read(), LlamaCpp)
