import re
from importlib.resources import files

import pytest

from models.arch import ARCHITECTURES
from models.catalogue import CatalogueError, catalogue, offered, parse_entry
from models.fidelity import TEXT_NAME
from models.licences.policy import Policy, unsettled
from models.quantize import recipe_named
from models.reference import Hub, Wheel

TEXT = files("models.catalogue").joinpath("smollm2-135m.toml").read_text(encoding="utf-8")


def test_every_entry_stands_under_its_own_name_and_can_be_built() -> None:
    entries = catalogue()
    assert {"smollm2-135m", "smollm2-360m", "smollm2-1.7b"} <= entries.keys()
    files_there = {item.name for item in files("models.catalogue").iterdir() if item.name.endswith(".toml")}
    assert files_there == {f"{name}.toml" for name in entries}
    for name, entry in entries.items():
        assert entry.name == name
        assert recipe_named(entry.recipe).name == entry.recipe
        assert isinstance(entry.reference, Hub | Wheel)
        assert (entry.pin is not None) == isinstance(entry.reference, Wheel)
        assert entry.terms.spdx == entry.licence
        assert 0 < entry.needs.bundle < entry.needs.serve_memory
        assert entry.needs.download > entry.parameters / 2
        assert entry.languages
        assert all(re.fullmatch("[a-z]{2}", language) for language in entry.languages)


def test_an_entry_whose_architecture_was_taken_away_is_passed_over() -> None:
    left = offered(set(ARCHITECTURES) - {"qwen3"})
    assert set(catalogue()) - set(left) >= {"qwen3-0.6b", "qwen3-1.7b"}
    assert "smollm2-135m" in left


def test_the_default_model_needs_no_consent() -> None:
    assert unsettled(Policy(), catalogue()["smollm2-135m"].terms) == ()


def test_no_two_entries_fetch_the_same() -> None:
    sources = [entry.source for entry in catalogue().values()]
    assert len(set(sources)) == len(sources)


@pytest.mark.parametrize("name", ["smollm2-135m", "gemma3-270m"])
def test_what_comes_from_the_package_index_is_pinned_to_the_last_byte(name: str) -> None:
    entry = catalogue()[name]
    assert entry.pin is not None
    assert isinstance(entry.reference, Wheel)
    assert len(entry.pin.archives) == len(entry.reference.parts)
    assert entry.needs.download == sum(archive.bytes for archive in entry.pin.archives)
    assert str(entry.reference) == entry.source


def test_figures_for_boards_are_of_recipes_there_are_and_marked_as_the_catalogues() -> None:
    measured = f"""
[[measured]]
recipe = "int8"
[[measured.fidelity]]
kl_mean = 0.002
kl_max = 0.1
top1 = 1
perplexity = 36.1
reference_perplexity = 36.0
tokens = 256
text = "{TEXT_NAME}"
against = "the fp32 graph of the same weights"
cpu = "aarch64-neon"
"""
    entry = parse_entry(TEXT.partition("[[measured]]")[0] + measured, "x.toml")
    (row,) = entry.fidelity_of("int8")
    assert (row.cpu, row.kl_mean, row.origin) == ("aarch64-neon", 0.002, "catalogue")
    assert entry.fidelity_of("int4") == ()
    for entry in catalogue().values():
        for found in entry.measured:
            assert recipe_named(found.recipe).name == found.recipe
            assert {row.text for row in found.fidelity} == {TEXT_NAME}
            assert len({row.cpu for row in found.fidelity}) == len(found.fidelity)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            'recipe = "int8"',
            'recipee = "int8"',
            "x.toml: it has an unknown key 'recipee' .did you mean 'recipe'",
        ),
        ("temperature = 0.0", "temprature = 0.0", "x.toml: sampling has an unknown key 'temprature'"),
        ('version = "1"\n', "", "x.toml: it lacks the key 'version'"),
        ('licence = "Apache-2.0"\n', "", "x.toml: it lacks the key 'licence'"),
        (
            '"Apache-2.0"',
            '"Apache2"',
            "x.toml: the licence 'Apache2' is not one we know .did you mean 'Apache-2.0'",
        ),
        (
            '"Apache-2.0"',
            '"WTFPL"',
            "x.toml: the licence 'WTFPL' is not one we know .add a file to models/licences",
        ),
        ('"none"', '"hermess"', "x.toml: tool_dialect has an unknown word 'hermess' .did you mean 'hermes'"),
        ('"none"', '"none"\nquirks = ["thinks"]', "x.toml: quirks.0. has an unknown word 'thinks'"),
        (
            "parameters = 134_515_008",
            'parameters = "many"',
            "x.toml: parameters is 'many', which is of the wrong type",
        ),
        ("parameters = 134_515_008", "parameters = true", "wrong type"),
        ('languages = ["en"]', "languages = [1]", "wrong type"),
        ('languages = ["en"]', 'languages = "en"', "wrong type"),
        ("[pin]", "[pin", "x.toml is not TOML"),
    ],
)
def test_a_faulty_entry_is_refused_by_the_key(old: str, new: str, problem: str) -> None:
    assert old in TEXT
    with pytest.raises(CatalogueError, match=problem):
        parse_entry(TEXT.replace(old, new), "x.toml")
