"""Whisper's encoder: the spectrogram of a window in, the keys and values of every decoder layer out.

The decoder looks at what was heard through keys and values that never change, so they are computed here, once.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from models.arch.reading import Array, Reader
from models.graph.blocks import add_layer_norm, layer_norm
from models.graph.builder import CONTRIB, Graph, Value
from models.graph.linear import linear
from models.quantize import Recipe
from models.speech.config import Config

PARTS: Final = ("key", "value")
EPSILON: Final = 1e-5
"""Of all norms; PyTorch's default."""


def build_encoder(graph: Graph, config: Config, read: Reader, recipe: Recipe) -> None:
    """Emit it: `mel` [1, bins, frames] to `cross.N.key` and `cross.N.value`, [1, heads, frames / 2, D] each."""
    _Encoder(graph, config, read, recipe).build()


@dataclass(frozen=True, slots=True)
class _Encoder:
    graph: Graph
    config: Config
    read: Reader
    recipe: Recipe

    def build(self) -> None:
        mel = self.graph.input("mel", "float32", (1, self.config.num_mel_bins, "frames"))
        x: Value = self._heard(mel)
        added: Value | None = None
        for layer in range(self.config.encoder_layers):
            with self.graph.scope(f"layers.{layer}"):
                prefix = f"model.encoder.layers.{layer}"
                normed, x = self._norm(x, added, f"{prefix}.self_attn_layer_norm")
                added = self._attention(normed, layer, f"{prefix}.self_attn")
                normed, x = self._norm(x, added, f"{prefix}.final_layer_norm")
                added = self._feed_forward(normed, prefix)
        with self.graph.scope("norm"):
            normed, _ = self._norm(x, added, "model.encoder.layer_norm")
        for layer in range(self.config.decoder_layers):
            with self.graph.scope(f"cross.{layer}"):
                self._cross(normed, layer)

    def _heard(self, mel: Value) -> Value:
        """Two convolutions, the second of stride 2, and where in the window each position is."""
        width, x = self.config.d_model, mel
        for number, channels, stride in ((1, self.config.num_mel_bins, 1), (2, width, 2)):
            name = f"model.encoder.conv{number}"
            with self.graph.scope(f"conv{number}"):
                weights = (
                    self.graph.weight("weight", self.read(f"{name}.weight", width, channels, 3)),
                    self.graph.weight("bias", self.read(f"{name}.bias", width)),
                )
                (x,) = self.graph.op("Conv", x, *weights, kernel_shape=(3,), pads=(1, 1), strides=(stride,))
                (x,) = self.graph.op("Gelu", x)
        positions = self.read("model.encoder.embed_positions.weight", self.config.max_source_positions, width)
        with self.graph.scope("positions"):
            (x,) = self.graph.op("Transpose", x, perm=(0, 2, 1))
            (count,) = self.graph.op("Shape", x, start=1, end=2)
            table = self.graph.weight("weight", positions)
            (places,) = self.graph.op("Slice", table, self.graph.constant(0), count, self.graph.constant(0))
            return self.graph.op("Add", x, places)[0]

    def _norm(self, x: Value, added: Value | None, name: str) -> tuple[Value, Value]:
        """Norm of the stream so far, and the stream."""
        weights = (
            self.read(f"{name}.weight", self.config.d_model),
            self.read(f"{name}.bias", self.config.d_model),
        )
        with self.graph.scope(name.rpartition(".")[2]):
            if added is None:
                return layer_norm(self.graph, x, *weights, EPSILON), x
            return add_layer_norm(self.graph, added, x, *weights, EPSILON)

    def _attention(self, x: Value, layer: int, name: str) -> Value:
        """To what is heard, and to the silence behind it; tells its own keys and values."""
        width = self.config.d_model
        with self.graph.scope("attention"):
            with self.graph.scope("qkv"):
                matrix = np.concatenate([self._matrix(f"{name}.{part}_proj") for part in "qkv"])
                biases = (
                    self.read(f"{name}.q_proj.bias", width),
                    np.zeros(width, np.float32),
                    self.read(f"{name}.v_proj.bias", width),
                )
                merged = linear(self.graph, x, matrix, self.recipe.attention, np.concatenate(biases))
                sizes = self.graph.constant(width, width, width)
                query, *own = self.graph.op("Split", merged, sizes, outputs=("q", "k", "v"), axis=-1)
            for part, value in zip(PARTS, own, strict=True):
                self.graph.output(value, f"own.{layer}.{part}", "float32", (1, "own", width))
            both = [
                self._with_silence(value, f"{layer}.{part}", (1, "silent", width), axis=1)
                for part, value in zip(PARTS, own, strict=True)
            ]
            (mixed,) = self.graph.op(
                "MultiHeadAttention",
                query,
                *both,
                domain=CONTRIB,
                num_heads=self.config.encoder_attention_heads,
            )
            with self.graph.scope("out"):
                bias = self.read(f"{name}.out_proj.bias", width)
                matrix = self._matrix(f"{name}.out_proj")
                return linear(self.graph, mixed, matrix, self.recipe.attention, bias)

    def _with_silence(self, x: Value, name: str, shape: tuple[int | str, ...], *, axis: int) -> Value:
        with self.graph.scope(f"silence.{name}"):
            silent = self.graph.input(f"silence.{name}", "float32", shape)
            return self.graph.op("Concat", x, silent, axis=axis)[0]

    def _matrix(self, name: str) -> Array:
        return self.read(f"{name}.weight", self.config.d_model, self.config.d_model)

    def _feed_forward(self, x: Value, name: str) -> Value:
        width, wide = self.config.d_model, self.config.encoder_ffn_dim
        with self.graph.scope("up"):
            weights = self.read(f"{name}.fc1.weight", wide, width), self.read(f"{name}.fc1.bias", wide)
            up = linear(self.graph, x, weights[0], self.recipe.mlp, weights[1])
            (active,) = self.graph.op("Gelu", up)
        with self.graph.scope("down"):
            weights = self.read(f"{name}.fc2.weight", width, wide), self.read(f"{name}.fc2.bias", width)
            return linear(self.graph, active, weights[0], self.recipe.mlp, weights[1])

    def _cross(self, x: Value, layer: int) -> None:
        """Keys, which have no bias, and values, each head's by itself."""
        width, heads = self.config.d_model, self.config.decoder_attention_heads
        name = f"model.decoder.layers.{layer}.encoder_attn"
        matrix = np.concatenate([self._matrix(f"{name}.{part}_proj") for part in "kv"])
        biases = np.zeros(width, np.float32), self.read(f"{name}.v_proj.bias", width)
        merged = linear(self.graph, x, matrix, self.recipe.attention, np.concatenate(biases))
        halves = self.graph.op(
            "Split", merged, self.graph.constant(width, width), outputs=("k", "v"), axis=-1
        )
        for part, half in zip(PARTS, halves, strict=True):
            with self.graph.scope(part):
                (split,) = self.graph.op("Reshape", half, self.graph.constant(0, 0, heads, width // heads))
                (turned,) = self.graph.op("Transpose", split, perm=(0, 2, 1, 3))
            shape = (1, heads, "silent", width // heads)
            whole = self._with_silence(turned, f"cross.{layer}.{part}", shape, axis=2)
            self.graph.output(whole, f"cross.{layer}.{part}", "float32", (1, heads, "heard", width // heads))
