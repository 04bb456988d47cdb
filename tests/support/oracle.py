"""A Llama forward pass in numpy, slow and obvious: what every graph and every runtime is measured against.

Written from the papers, without code of `models.graph` or `models.arch`, so that an error in one shows in the
other. Knows token ids and logits; nothing of graphs, quantisation or sampling.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.checkpoint import Checkpoint

Array = NDArray[Any]
Cache = list[tuple[Array, Array]]
"""A layer's keys and values so far, each [positions, kv heads, head_dim]; empty before the first token."""


class Oracle:
    """Llama over all its weights, held in memory as `dtype`."""

    def __init__(self, checkpoint: Checkpoint, dtype: type[np.floating[Any]] = np.float64) -> None:
        config = checkpoint.config
        self._weights = {name: checkpoint.weights[name].astype(dtype) for name in checkpoint.weights}
        self._layers = int(config["num_hidden_layers"])
        self._heads = int(config["num_attention_heads"])
        self._kv_heads = int(config.get("num_key_value_heads") or self._heads)
        self._head_dim = int(config.get("head_dim") or config["hidden_size"] // self._heads)
        self._eps = float(config["rms_norm_eps"])
        self._tied = bool(config.get("tie_word_embeddings", False))
        self._frequencies = rotary_frequencies(config, self._head_dim)

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Logits at every position, [len(ids), V]."""
        return self.advance(ids, [])

    def greedy(self, ids: Sequence[int], n: int) -> tuple[int, ...]:
        """The `n` ids that follow when the likeliest is always taken; end-of-text ids do not stop it."""
        cache: Cache = []
        feed, answer = list(ids), []
        for _ in range(n):
            feed = [int(self.advance(feed, cache)[-1].argmax())]
            answer += feed
        return tuple(answer)

    def advance(self, ids: Sequence[int], cache: Cache) -> NDArray[np.float32]:
        """Logits at each of `ids`, which follow what is in `cache`, [len(ids), V]; `cache` grows by them."""
        start = len(cache[0][0]) if cache else 0
        positions = np.arange(start, start + len(ids))
        x = self._weights["model.embed_tokens.weight"][list(ids)]
        for layer in range(self._layers):
            name = f"model.layers.{layer}"
            x = x + self._attention(layer, self._norm(x, f"{name}.input_layernorm"), positions, cache)
            x = x + self._mlp(layer, self._norm(x, f"{name}.post_attention_layernorm"))
        x = self._norm(x, "model.norm")
        head = "model.embed_tokens" if self._tied else "lm_head"
        return self._linear(x, head).astype(np.float32)

    def _norm(self, x: Array, name: str) -> Array:
        """Root mean square norm (arXiv 1910.07467)."""
        mean_square = np.mean(x * x, axis=-1, keepdims=True)
        normed: Array = x / np.sqrt(mean_square + self._eps) * self._weights[f"{name}.weight"]
        return normed

    def _linear(self, x: Array, name: str) -> Array:
        y: Array = x @ self._weights[f"{name}.weight"].T
        bias = self._weights.get(f"{name}.bias")
        return y if bias is None else y + bias

    def _attention(self, layer: int, x: Array, positions: NDArray[np.int64], cache: Cache) -> Array:
        """Causal attention in which a group of query heads shares a key/value head (arXiv 2305.13245)."""
        name = f"model.layers.{layer}.self_attn"
        q = self._linear(x, f"{name}.q_proj").reshape(len(x), self._heads, self._head_dim)
        k = self._linear(x, f"{name}.k_proj").reshape(len(x), self._kv_heads, self._head_dim)
        v = self._linear(x, f"{name}.v_proj").reshape(len(x), self._kv_heads, self._head_dim)
        q, k = self._rotate(q, positions), self._rotate(k, positions)
        if layer == len(cache):
            cache.append((k, v))
        else:
            past_k, past_v = cache[layer]
            k, v = np.concatenate([past_k, k]), np.concatenate([past_v, v])
            cache[layer] = k, v
        future = np.arange(len(k))[None, :] > positions[:, None]
        out = np.empty_like(q)
        for head in range(self._heads):
            shared = head // (self._heads // self._kv_heads)
            scores = q[:, head] @ k[:, shared].T / math.sqrt(self._head_dim)
            out[:, head] = softmax(np.where(future, -np.inf, scores)) @ v[:, shared]
        return self._linear(out.reshape(len(x), -1), f"{name}.o_proj")

    def _rotate(self, x: Array, positions: NDArray[np.int64]) -> Array:
        """Turn pair (i, i + head_dim / 2) of every head by position * frequency i (arXiv 2104.09864)."""
        angles = positions[:, None] * self._frequencies
        cos, sin = (f(angles)[:, None, :].astype(x.dtype) for f in (np.cos, np.sin))
        a, b = np.split(x, 2, axis=-1)
        return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)

    def _mlp(self, layer: int, x: Array) -> Array:
        """Gated feed-forward with SiLU (arXiv 2002.05202)."""
        name = f"model.layers.{layer}.mlp"
        gate = self._linear(x, f"{name}.gate_proj")
        activated = gate / (1 + np.exp(-gate))
        return self._linear(activated * self._linear(x, f"{name}.up_proj"), f"{name}.down_proj")


def softmax(x: Array) -> Array:
    """Along the last axis."""
    exp = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(exp / exp.sum(axis=-1, keepdims=True))


def rotary_frequencies(config: Mapping[str, Any], head_dim: int) -> NDArray[np.float64]:
    """Radians a position for each pair of a head, scaled as the configuration says.

    Raises:
        ValueError: a scaling this oracle does not know.
    """
    # transformers 5 keeps the base inside, and calls the object rope_parameters
    scaling = config.get("rope_scaling") or config.get("rope_parameters") or {}
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    theta = float(config.get("rope_theta") or scaling.get("rope_theta", 10000.0))
    plain = [theta ** (-pair / head_dim) for pair in range(0, head_dim, 2)]
    if kind == "default":
        return np.array(plain)
    if kind == "linear":
        return np.array([frequency / scaling["factor"] for frequency in plain])
    if kind == "llama3":
        return np.array([_llama3_frequency(frequency, scaling) for frequency in plain])
    if kind == "factors":  # what GGUF keeps of llama3: the divisor of each
        return np.array(plain) / np.array(scaling["factors"], np.float64)
    raise ValueError(f"the oracle does not know rotary scaling {kind!r}")


def _llama3_frequency(frequency: float, scaling: Mapping[str, Any]) -> float:
    """Llama 3.1: keep short wavelengths, divide long ones by the factor, blend those in between."""
    wavelength = 2 * math.pi / frequency
    context = scaling["original_max_position_embeddings"]
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    if wavelength < context / high:
        return frequency
    if wavelength > context / low:
        return frequency / float(scaling["factor"])
    kept = (context / wavelength - low) / (high - low)
    return float(kept * frequency + (1 - kept) * frequency / scaling["factor"])


def greedy_oracle(checkpoint: Checkpoint, ids: Sequence[int], n: int) -> tuple[int, ...]:
    """The `n` greedy ids after `ids`, in float32. For several prompts keep one `Oracle` with its weights."""
    return Oracle(checkpoint, np.float32).greedy(ids, n)
