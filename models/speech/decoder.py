"""Whisper's decoder: tokens in, what may come next out, by what was said before and what is heard.

Rows are readings of the same sound. They look at it together: where attention has no order, a row is but another
position, so that the keys and values of the sound are there once, however many readings there are.
"""

from dataclasses import dataclass

import numpy as np

from models.arch.reading import Array, Reader
from models.graph.blocks import (
    Heads,
    Steps,
    add_layer_norm,
    attention,
    kv_cache,
    layer_norm,
    step_inputs,
)
from models.graph.builder import CONTRIB, Graph, Value
from models.graph.linear import linear
from models.graph.vocabulary import Table, embed, head, table
from models.manifest import CacheSpec
from models.quantize import Recipe
from models.speech.config import Config
from models.speech.encoder import EPSILON


def build_decoder(graph: Graph, config: Config, read: Reader, recipe: Recipe) -> tuple[CacheSpec, ...]:
    """Emit it: `input_ids` [B, S] at `positions` [S] to `logits` [B, asked, V]; returns what it remembers.

    Inputs besides: `asked` [n], which of the S are to be answered; `seqlens_k`, `total_sequence_length` and the pasts,
    as a decoder of text has them; `cross.N.key` and `cross.N.value`, as the encoder puts them out.
    """
    return _Decoder(graph, config, read, recipe).build()


@dataclass(frozen=True, slots=True)
class _Decoder:
    graph: Graph
    config: Config
    read: Reader
    recipe: Recipe

    @property
    def heads(self) -> Heads:
        count = self.config.decoder_attention_heads
        return Heads(count, count, self.config.d_model // count)

    def build(self) -> tuple[CacheSpec, ...]:
        graph, config = self.graph, self.config
        ids = graph.input("input_ids", "int64", ("batch", "sequence"))
        positions = graph.input("positions", "int64", ("sequence",))
        asked = graph.input("asked", "int64", ("asked",))
        steps = step_inputs(graph)
        vectors, x = self._embed(ids, positions)
        added: Value | None = None
        caches = tuple(kv_cache(layer, self.heads) for layer in range(config.decoder_layers))
        for cache in caches:
            with graph.scope(f"layers.{cache.layer}"):
                x, added = self._layer(x, added, cache, steps)
        with graph.scope("norm"):
            normed, _ = self._norm(x, added, "model.decoder.layer_norm")
        with graph.scope("head"):
            (wanted,) = graph.op("Gather", normed, asked, axis=1)
            logits = head(graph, wanted, vectors)
        graph.output(logits, "logits", "float32", ("batch", "asked", config.vocab_size))
        return caches

    def _embed(self, ids: Value, positions: Value) -> tuple[Table, Value]:
        config = self.config
        rows = self.read("model.decoder.embed_tokens.weight", config.vocab_size, config.d_model)
        places = self.read(
            "model.decoder.embed_positions.weight", config.max_target_positions, config.d_model
        )
        with self.graph.scope("embedding"):
            vectors = table(self.graph, rows, self.recipe.embedding, looks_up=True, scores=True)
            words = embed(self.graph, ids, vectors)
        with self.graph.scope("positions"):
            (where,) = self.graph.op("Gather", self.graph.weight("weight", places), positions, axis=0)
            return vectors, self.graph.op("Add", words, where)[0]

    def _layer(self, x: Value, added: Value | None, cache: CacheSpec, steps: Steps) -> tuple[Value, Value]:
        """The stream without, and what the layer's last part adds to it."""
        prefix = f"model.decoder.layers.{cache.layer}"
        normed, x = self._norm(x, added, f"{prefix}.self_attn_layer_norm")
        with self.graph.scope("self"):
            added = self._said(normed, cache, steps, f"{prefix}.self_attn")
        normed, x = self._norm(x, added, f"{prefix}.encoder_attn_layer_norm")
        with self.graph.scope("cross"):
            added = self._heard(normed, cache.layer, f"{prefix}.encoder_attn")
        normed, x = self._norm(x, added, f"{prefix}.final_layer_norm")
        width, wide = self.config.d_model, self.config.decoder_ffn_dim
        with self.graph.scope("up"):
            weights = self.read(f"{prefix}.fc1.weight", wide, width), self.read(f"{prefix}.fc1.bias", wide)
            up = linear(self.graph, normed, weights[0], self.recipe.mlp, weights[1])
            (active,) = self.graph.op("Gelu", up)
        with self.graph.scope("down"):
            weights = self.read(f"{prefix}.fc2.weight", width, wide), self.read(f"{prefix}.fc2.bias", width)
            return x, linear(self.graph, active, weights[0], self.recipe.mlp, weights[1])

    def _norm(self, x: Value, added: Value | None, name: str) -> tuple[Value, Value]:
        """Norm of the stream so far, and the stream."""
        width = self.config.d_model
        weights = self.read(f"{name}.weight", width), self.read(f"{name}.bias", width)
        with self.graph.scope(name.rpartition(".")[2]):
            if added is None:
                return layer_norm(self.graph, x, *weights, EPSILON), x
            return add_layer_norm(self.graph, added, x, *weights, EPSILON)

    def _said(self, x: Value, cache: CacheSpec, steps: Steps, name: str) -> Value:
        """Attention to the tokens before; keys have no bias."""
        width = self.config.d_model
        matrix = np.concatenate([self._matrix(f"{name}.{part}_proj") for part in "qkv"])
        biases = (
            self.read(f"{name}.q_proj.bias", width),
            np.zeros(width, np.float32),
            self.read(f"{name}.v_proj.bias", width),
        )
        with self.graph.scope("qkv"):
            packed = linear(self.graph, x, matrix, self.recipe.attention, np.concatenate(biases))
        scale = self.heads.size**-0.5
        mixed = attention(self.graph, (packed, None, None), cache, self.heads, steps, None, scale=scale)
        return self._out(mixed, name)

    def _heard(self, x: Value, layer: int, name: str) -> Value:
        """Attention to the sound: all rows' positions are positions of one."""
        width, graph, heads = self.config.d_model, self.graph, self.heads
        with graph.scope("query"):
            bias = self.read(f"{name}.q_proj.bias", width)
            query = linear(graph, x, self._matrix(f"{name}.q_proj"), self.recipe.attention, bias)
            (shape,) = graph.op("Shape", query)
            (together,) = graph.op("Reshape", query, graph.constant(1, -1, width))
        sound = [
            graph.input(f"cross.{layer}.{part}", "float32", (1, heads.query, "heard", heads.size))
            for part in ("key", "value")
        ]
        (mixed,) = graph.op("MultiHeadAttention", together, *sound, domain=CONTRIB, num_heads=heads.query)
        with graph.scope("apart"):
            (apart,) = graph.op("Reshape", mixed, shape)
        return self._out(apart, name)

    def _out(self, x: Value, name: str) -> Value:
        with self.graph.scope("out"):
            bias = self.read(f"{name}.out_proj.bias", self.config.d_model)
            return linear(self.graph, x, self._matrix(f"{name}.out_proj"), self.recipe.attention, bias)

    def _matrix(self, name: str) -> Array:
        return self.read(f"{name}.weight", self.config.d_model, self.config.d_model)
