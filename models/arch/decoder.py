"""The decoder that all small models are: a stream of vectors that a mixer and a feed-forward add to, layer after layer.

An architecture says by `Decoder` what its parts are (`models.arch.layers`) and how they are joined; that is emitted
here. Multipliers cost nothing when running: the stream is kept divided by the embedding's multiplier, which the norms
undo; the rest folds into weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arch.layers.norm import Norm
from models.arch.layers.part import Part, Site
from models.arch.reading import Reader
from models.checkpoint import Weights
from models.graph import rotary
from models.graph.blocks import Rotary, Steps, rotary_tables, step_inputs
from models.graph.builder import Graph, Value
from models.graph.vocabulary import embed, few, head, table
from models.manifest import CacheSpec
from models.quantize import Recipe
from models.smooth import Fold


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoder:
    """A decoder in all that graph and weights need to know."""

    family: str
    vocabulary: int
    hidden: int
    context: int
    mixers: tuple[Part, ...]
    """One a layer."""
    feed_forward: Part | None
    """The same in every layer; None where each mixer has its own beside it (`models.arch.layers.parallel`)."""
    norm: Norm
    rotary: Mapping[str, NDArray[np.float64]]
    """By name, the angle a position for each pair of a head (`models.graph.rotary`)."""
    tied: bool
    """The head is the embedding table."""
    pre_norms: tuple[str, ...] | None = ("input_layernorm", "post_attention_layernorm")
    """Names of the norms before each part of a layer."""
    post_norms: tuple[str, ...] | None = None
    """Names of the norms of what they put out."""
    embedding: str = "model.embed_tokens"
    layer: str = "model.layers"
    last_norm: str = "model.norm"
    head: str = "lm_head"
    head_bias: bool = False
    embedding_multiplier: float = 1.0
    residual_multiplier: float = 1.0
    logits_divisor: float = 1.0

    @property
    def branch(self) -> float:
        """What a part's output is multiplied by before it joins the stream."""
        return self.residual_multiplier / self.embedding_multiplier

    def layers(self) -> tuple[tuple[Part, ...], ...]:
        """The parts of each layer."""
        behind = () if self.feed_forward is None else (self.feed_forward,)
        return tuple((mixer, *behind) for mixer in self.mixers)


def folds(decoder: Decoder) -> tuple[Fold, ...]:
    """Activations that can be evened out: what the norms put out, and what the parts have inside."""
    found: list[Fold] = []
    for layer, parts in enumerate(decoder.layers()):
        prefix = f"{decoder.layer}.{layer}"
        for part, norm in zip(parts, decoder.pre_norms or ("",) * len(parts), strict=True):
            if norm and (producers := decoder.norm.tensors(f"{prefix}.{norm}")):
                consumers = tuple(f"{prefix}.{name}" for name in part.consumers())
                found.append(Fold(f"{prefix}.{norm}", producers, consumers))
            found.extend(part.folds(prefix))
    return tuple(found)


def build(graph: Graph, decoder: Decoder, weights: Weights, recipe: Recipe) -> tuple[CacheSpec, ...]:
    """Emit the whole decoder: ids in, logits at the asked positions out, and of few ids at other positions.

    Raises:
        WeightsError: a tensor is missing, extra, or of another shape than the configuration says.
    """
    read = Reader(weights, decoder.family)
    shape = (decoder.vocabulary, decoder.hidden)
    ids = graph.input("input_ids", "int64", ("batch", "sequence"))
    stream = _Stream(graph, decoder, step_inputs(graph), _rotary(graph, decoder), read, recipe)
    positions = graph.input("logit_positions", "int64", ("asked",))
    scored = graph.input("score_positions", "int64", ("scored",))
    candidates = graph.input("candidates", "int64", ("candidates",))
    with graph.scope("embedding"):
        weight = read(f"{decoder.embedding}.weight", *shape)
        vectors = table(graph, weight, recipe.embedding, looks_up=True, scores=decoder.tied, rare=recipe.rare)
        x = embed(graph, ids, vectors)
    residual: Value | None = None
    for layer, parts in enumerate(decoder.layers()):
        with graph.scope(f"layers.{layer}"):
            x, residual = stream.emit(x, residual, layer, parts)
    with graph.scope("norm"):
        normed, _ = stream.norm(x, residual, decoder.last_norm, 1 / decoder.logits_divisor)
    with graph.scope("head"):
        (asked,) = graph.op("Gather", normed, positions, axis=1)
        if not decoder.tied:
            weight = read(f"{decoder.head}.weight", *shape)
            vectors = table(graph, weight, recipe.head, looks_up=False, scores=True, rare=recipe.rare)
        bias = read.optional(f"{decoder.head}.bias", decoder.vocabulary, wanted=decoder.head_bias)
        bias = None if bias is None else bias / decoder.logits_divisor
        logits = head(graph, asked, vectors, bias)
    with graph.scope("scores"):
        (asked,) = graph.op("Gather", normed, scored, axis=1)
        scores = few(graph, asked, candidates, vectors, bias)
    graph.output(logits, "logits", "float32", ("batch", "asked", decoder.vocabulary))
    graph.output(scores, "scores", "float32", ("batch", "scored", "candidates"))
    read.refuse_rest(f"{decoder.head}.weight" if decoder.tied else "")
    return tuple(
        cache
        for layer, parts in enumerate(decoder.layers())
        for part in parts
        for cache in part.caches(layer, recipe.kv)
    )


def _rotary(graph: Graph, decoder: Decoder) -> dict[str, Rotary]:
    tables = {}
    for name, frequencies in decoder.rotary.items():
        with graph.scope(name):
            tables[name] = rotary_tables(graph, *rotary.tables(frequencies, decoder.context))
    return tables


@dataclass(frozen=True, slots=True)
class _Stream:
    """What every layer is emitted from."""

    graph: Graph
    decoder: Decoder
    steps: Steps
    rotary: Mapping[str, Rotary]
    read: Reader
    recipe: Recipe

    def norm(
        self, x: Value, residual: Value | None, name: str, multiplier: float = 1.0
    ) -> tuple[Value, Value]:
        """Norm of the stream so far, and the stream itself."""
        norm = self.decoder.norm.scaled(self.decoder.embedding_multiplier)
        weights = norm.read(self.read, name, self.decoder.hidden, multiplier)
        if residual is None:
            return norm.emit(self.graph, x, weights), x
        return norm.add(self.graph, x, residual, weights)

    def emit(
        self, x: Value, residual: Value | None, layer: int, parts: tuple[Part, ...]
    ) -> tuple[Value, Value]:
        """One layer: what it adds to the stream, and the stream before that."""
        decoder = self.decoder
        normed_after = decoder.post_norms is not None  # the branch's multiplier is then the norm's to apply
        site = Site(
            self.graph,
            self.read,
            self.recipe,
            self.steps,
            self.rotary,
            layer,
            f"{decoder.layer}.{layer}",
            decoder.hidden,
            1.0 if normed_after else decoder.branch,
        )
        for index, (name, part) in enumerate(zip(("mixer", "mlp"), parts, strict=False)):
            with self.graph.scope(f"{name}_norm"):
                entering, residual = self._enter(x, residual, site.prefix, index)
            with self.graph.scope(name):
                x = self._leave(part.emit(site, entering), site.prefix, index)
        if residual is None:
            raise RuntimeError("a layer has at least one part")
        return x, residual

    def _enter(self, x: Value, residual: Value | None, prefix: str, index: int) -> tuple[Value, Value]:
        """What a part sees of the stream, and the stream."""
        if self.decoder.pre_norms is None:
            stream = x if residual is None else self.graph.op("Add", x, residual)[0]
            return stream, stream
        name = f"{prefix}.{self.decoder.pre_norms[index]}"
        normed, residual = self.norm(x, residual, name)
        if self.decoder.norm.tensors(name):
            self.graph.tap(name, normed)
        return normed, residual

    def _leave(self, x: Value, prefix: str, index: int) -> Value:
        """What a part puts out, normed if the architecture does."""
        if self.decoder.post_norms is None:
            return x
        name = f"{prefix}.{self.decoder.post_norms[index]}"
        norm = self.decoder.norm
        with self.graph.scope("post_norm"):
            weights = norm.read(self.read, name, self.decoder.hidden, self.decoder.branch)
            return norm.emit(self.graph, x, weights)
