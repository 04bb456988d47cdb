"""Quantisation: schemes, the methods that follow them, recipes for whole models. Pure numpy."""

from models.quantize.cache import CacheType
from models.quantize.recipe import RECIPES, Recipe, default_recipe, recipe_named
from models.quantize.scheme import FP32, Scheme
from models.quantize.tensor import Quantized, dequantize, quantize

__all__ = [
    "FP32",
    "RECIPES",
    "CacheType",
    "Quantized",
    "Recipe",
    "Scheme",
    "default_recipe",
    "dequantize",
    "quantize",
    "recipe_named",
]
