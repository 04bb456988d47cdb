"""Recipes: found by name, sound, and refused where a tied table would need two schemes."""

from dataclasses import replace

import pytest

from models.errors import QuantizationError
from models.quantize import FP32, RECIPES, Recipe, default_recipe, recipe_named


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_every_recipe_is_fast_and_fits_a_tied_model(recipe: Recipe) -> None:
    for scheme in (recipe.embedding, recipe.attention, recipe.mlp, recipe.head):
        scheme.check(256)
    recipe.check(tied=True)
    recipe.check(tied=False)
    assert recipe_named(recipe.name) is recipe


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(
        QuantizationError, match=r"no quantisation 'int3'; choose one of fp32, int8, .*int4-mixed"
    ):
        recipe_named("int3")


def test_a_tied_table_has_one_scheme() -> None:
    recipe = replace(RECIPES["int8"], head=FP32)
    recipe.check(tied=False)
    with pytest.raises(QuantizationError, match="embedding and head differently"):
        recipe.check(tied=True)


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        (134_515_008, "int8"),
        (499_999_999, "int8"),
        (500_000_000, "int4-mixed"),
        (1_700_000_000, "int4-mixed"),
    ],
)
def test_small_models_keep_eight_bits(parameters: int, name: str) -> None:
    assert default_recipe(parameters).name == name
