"""Which scheme for which group of tensors, under a name one can ask for."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self

from models.errors import QuantizationError
from models.quantize.cache import Array, CacheType
from models.quantize.scheme import FP32, Block, Scheme

_SMALL_MODEL: Final = 500_000_000
"""Parameters below which four bits cost more quality than their speed is worth."""
_KV_MARKS: Final[Mapping[CacheType, str]] = {"float32": "", "int8": "-kv8"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """A scheme for each group of a decoder's matrices; norms and biases stay float32."""

    name: str
    embedding: Scheme
    attention: Scheme
    mlp: Scheme
    head: Scheme
    rare: Scheme | None = None
    """For the second half of the head, which holds the rarer tokens; None: as the first."""
    smooth: bool = False
    """Even out activations first (`models.smooth`); worth it where they, not the weights, cost the most."""
    kv: CacheType = "float32"
    """How keys and values are remembered; what else a layer remembers stays float32."""
    peaks: Mapping[str, Array] = field(default_factory=dict, compare=False, repr=False)
    """How large keys and values become, [kv, D] by the name of the past (`models.calibrate`); int8 needs to know."""

    @property
    def block(self) -> int:
        """The most activations that are rounded by one scale; 0 if none are."""
        return max(self.attention.block, self.mlp.block)

    def keeping(self, kv: CacheType) -> Self:
        """The same, with keys and values remembered so."""
        return self if kv == self.kv else replace(self, name=f"{self.name}{_KV_MARKS[kv]}", kv=kv)

    def knowing(self, peaks: Mapping[str, Array]) -> Self:
        """The same, with what was measured of keys and values."""
        return replace(self, peaks=peaks)

    def sparing(self, activations: frozenset[str]) -> Self:
        """The same, each scheme knowing its group, and which `activations` are not to be rounded."""
        return replace(
            self,
            embedding=replace(self.embedding, group="embedding", spared=activations),
            attention=replace(self.attention, group="attention", spared=activations),
            mlp=replace(self.mlp, group="mlp", spared=activations),
            head=replace(self.head, group="head", spared=activations),
            rare=None if self.rare is None else replace(self.rare, group="head", spared=activations),
        )

    def check(self, *, tied: bool) -> None:
        """Refuse what cannot be stored: a tied table is kept once, so embedding and head share a scheme.

        Raises:
            QuantizationError: they do not.
        """
        if tied and self.embedding != self.head:
            raise QuantizationError(
                f"recipe {self.name!r} stores embedding and head differently, but this model ties them; "
                "use a recipe with one scheme for both"
            )


def _int8(block: Block) -> Scheme:
    return Scheme(bits=8, block=block, symmetric=True, method="rtn")


def _int4(block: Block, *, symmetric: bool = False) -> Scheme:
    return Scheme(bits=4, block=block, symmetric=symmetric, method="kquant")


_AFFINE: Final = Scheme(bits=4, block=32, symmetric=False, method="affine")
_STORED: Final = Scheme(bits=4, block=32, symmetric=False, method="stored")
_STORED_TABLE: Final = Scheme(bits=8, block=32, symmetric=False, method="stored")
"""A table that is looked up has no place for the affine form."""
_INT8_ASYMMETRIC: Final = Scheme(bits=8, block=32, symmetric=False, method="rtn")


def _recipe(name: str, table: Scheme, attention: Scheme, mlp: Scheme, *, smooth: bool = False) -> Recipe:
    return Recipe(name, embedding=table, attention=attention, mlp=mlp, head=table, smooth=smooth)


RECIPES: Final[Mapping[str, Recipe]] = {
    recipe.name: recipe
    for recipe in (
        _recipe("fp32", FP32, FP32, FP32),
        _recipe("int8", _int8(32), _int8(32), _int8(32), smooth=True),
        # Nearer to the weights than int8 at the same speed, for a zero point a block.
        _recipe("int8-asymmetric", _INT8_ASYMMETRIC, _INT8_ASYMMETRIC, _INT8_ASYMMETRIC),
        _recipe("int8-block64", _int8(64), _int8(64), _int8(64), smooth=True),
        _recipe("int8-block128", _int8(128), _int8(128), _int8(128), smooth=True),
        _recipe("int4", _int8(32), _int4(32), _int4(32)),
        _recipe("int4-symmetric", _int8(32), _int4(32, symmetric=True), _int4(32, symmetric=True)),
        _recipe("int4-block64", _int8(64), _int4(64), _int4(64)),
        _recipe("int4-block128", _int8(128), _int4(128), _int4(128)),
        # The vocabulary too, as other builders do by default: the fewest bytes a step.
        _recipe("int4-whole", _int4(32), _int4(32), _int4(32)),
        # The grid of a Q4_1 file: for weights that come from one, hardly anything is lost.
        _recipe("int4-affine", _int8(32), _AFFINE, _AFFINE),
        # Where the vocabulary is much of the model, a step reads less; logits of rare tokens are less exact.
        replace(_recipe("int4-affine-rare4", _int8(32), _AFFINE, _AFFINE), rare=_int4(32)),
        # What a quantised file holds, as it holds it.
        _recipe("as-stored", _STORED_TABLE, _STORED, _STORED),
        # Attention is a fifth of a llama's matrices and the most sensitive part of them.
        _recipe("int4-mixed", _int8(32), _int8(32), _int4(32)),
    )
}
"""By name."""


def recipe_named(name: str) -> Recipe:
    """The recipe `name`.

    Raises:
        QuantizationError: there is none; the message lists those there are.
    """
    recipe = RECIPES.get(name)
    if recipe is None:
        raise QuantizationError(f"there is no quantisation {name[:40]!r}; choose one of {', '.join(RECIPES)}")
    return recipe


def default_recipe(parameters: int, *, quantized: bool = False) -> Recipe:
    """What a model of so many parameters gets when nobody chooses; `quantized` if its file has few bits already."""
    if quantized:
        return RECIPES["as-stored"]
    return RECIPES["int8" if parameters < _SMALL_MODEL else "int4-mixed"]
