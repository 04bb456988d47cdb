import hashlib
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import FetchError, UnknownModelError, WeightsError
from models.licences import licence_of
from models.manifest import Licence
from models.reference import Local
from models.sources import local
from models.sources.choose import choose
from models.sources.shelf import SourceShelf, combined_sha256
from models.sources.stated import front_matter
from models.store import Store
from tests.support.ggufs import write_gguf
from tests.support.goldens import GOLDEN_DIR
from tests.support.small_bundle import quiet
from tests.support.tiny import tiny_checkpoint


def test_a_file_is_read_where_it_lies(tmp_path: Path) -> None:
    write_gguf(tmp_path / "m.gguf", tiny_checkpoint())
    offer = local.find(Local(tmp_path / "m.gguf"), quiet)
    fetched = offer.fetch(SourceShelf(Store(tmp_path / "store")), quiet)
    assert fetched.path == tmp_path / "m.gguf"
    assert fetched.source.sha256 == hashlib.sha256((tmp_path / "m.gguf").read_bytes()).hexdigest()
    assert fetched.source.uri == "m.gguf"
    assert not (tmp_path / "store").exists()


def test_a_directory_is_hashed_over_what_is_used(tmp_path: Path) -> None:
    model = Path(shutil.copytree(GOLDEN_DIR / "llama-tied", tmp_path / "model"))
    before = local.find(Local(model), quiet)
    (model / "README.md").write_text("new", encoding="utf-8")
    assert local.find(Local(model), quiet) == before
    with (model / "config.json").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert local.find(Local(model), quiet).sha256 != before.sha256


def test_a_directory_that_cannot_be_read_as_weights(tmp_path: Path) -> None:
    model = Path(shutil.copytree(GOLDEN_DIR / "llama-tied", tmp_path / "model"))
    (model / "model.safetensors").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"model\.safetensors"):
        local.find(Local(model), quiet)


@pytest.mark.parametrize(
    ("tag", "name", "link", "expected"),
    [
        ("MIT", None, None, licence_of("mit")),
        ("other", "lfm1.0", "https://example.org", licence_of("lfm1.0")),
        ("own", None, "https://example.org", Licence("LicenseRef-own", ("unknown",), "https://example.org")),
        ("own", None, "\x1b[2J", Licence("LicenseRef-own", ("unknown",))),
        (None, "lfm1.0", None, None),
        (" ", None, None, None),
        ("mit\x1b[2J", None, None, None),
        ("x" * 1000, None, None, None),
    ],
)
def test_the_licence_is_what_the_file_states(
    tmp_path: Path, tag: str | None, name: str | None, link: str | None, expected: Licence | None
) -> None:
    path = tmp_path / "m.gguf"
    write_gguf(path, tiny_checkpoint(), licence=tag, licence_name=name, licence_link=link)
    assert local.find(Local(path), quiet).licence == expected


CARD = "---\n{}\n---\n# A model\n\nlicense: gpl-3.0\n"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("license: apache-2.0", licence_of("apache-2.0")),
        ("language:\n- en\nlicense: 'mit' # really\ntags: [a]", licence_of("mit")),
        ('license: other\r\nlicense_name: "lfm1.0"\r\nlicense_link: LICENSE', licence_of("lfm1.0")),
        (
            "license: other\nlicense_name: own\nlicense_link: https://example.org/l",
            Licence("LicenseRef-own", ("unknown",), "https://example.org/l"),
        ),
        ("license:\n- mit", None),
        ("license: [mit]", None),
        ("license: >-\n  mit", None),
        ("  license: mit", None),
        ("license:", None),
        ("license: mit\x1b[2J", None),
        ("title: x", None),
    ],
)
def test_a_directory_states_its_licence_in_its_model_card(
    tmp_path: Path, head: str, expected: Licence | None
) -> None:
    model = Path(shutil.copytree(GOLDEN_DIR / "llama-tied", tmp_path / "model"))
    assert local.find(Local(model), quiet).licence is None
    (model / "README.md").write_bytes(CARD.format(head).encode())
    assert local.find(Local(model), quiet).licence == expected


@pytest.mark.parametrize(
    "card", ["license: mit\n", "# x\n---\nlicense: mit\n---\n", "---\nlicense: mit\n", ""]
)
def test_what_is_not_at_the_head_of_a_card_states_nothing(tmp_path: Path, card: str) -> None:
    (tmp_path / "README.md").write_text(card, encoding="utf-8")
    assert front_matter(tmp_path / "README.md") == {}


def test_the_text_of_a_licence_is_not_guessed_from(tmp_path: Path) -> None:
    model = Path(shutil.copytree(GOLDEN_DIR / "llama-tied", tmp_path / "model"))
    (model / "LICENSE").write_text("Apache License\nVersion 2.0, January 2004\n", encoding="utf-8")
    (model / "README.md").mkdir()
    assert local.find(Local(model), quiet).licence is None


def test_a_gguf_file_speaks_before_the_card_beside_it_and_only_in_its_directory(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    (tmp_path / "README.md").write_text(CARD.format("license: mit"), encoding="utf-8")
    write_gguf(path, tiny_checkpoint())
    assert local.find(Local(tmp_path), quiet).licence == licence_of("mit")
    assert local.find(Local(path), quiet).licence is None
    write_gguf(path, tiny_checkpoint(), licence="cc-by-nc-4.0")
    assert local.find(Local(tmp_path), quiet).licence == licence_of("cc-by-nc-4.0")


@given(st.binary() | st.text().map(lambda text: CARD.format(text).encode()))
def test_any_card_states_short_words_or_nothing(
    tmp_path_factory: pytest.TempPathFactory, card: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "card.md"
    path.write_bytes(card)
    assert set(front_matter(path)) <= {"license", "license_name", "license_link"}
    assert all("\n" not in value for value in front_matter(path).values())


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(UnknownModelError, match=r"no file .*none.gguf"):
        local.find(Local(tmp_path / "none.gguf"), quiet)


def test_a_directory_without_weights(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="neither safetensors nor GGUF"):
        local.find(Local(tmp_path), quiet)


def test_shards_are_taken_with_their_index_and_nothing_beside() -> None:
    names = {
        "config.json",
        "model.safetensors.index.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "consolidated.safetensors",
        "m.gguf",
    }
    assert set(choose(names, "x")) == names - {"consolidated.safetensors", "m.gguf"}


def test_safetensors_need_their_configuration() -> None:
    with pytest.raises(FetchError, match=r"no config.json"):
        choose({"model.safetensors"}, "x")


def test_one_hash_stands_for_itself_and_several_in_any_order_for_one() -> None:
    assert combined_sha256(["a" * 64]) == "a" * 64
    assert combined_sha256(["a" * 64, "b" * 64]) == combined_sha256(["b" * 64, "a" * 64])
    assert combined_sha256(["a" * 64, "b" * 64]) != combined_sha256(["a" * 64, "c" * 64])
