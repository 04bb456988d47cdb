import hashlib
import shutil
from pathlib import Path

import pytest

from models.errors import FetchError, UnknownModelError, WeightsError
from models.manifest import Licence
from models.reference import Local
from models.sources import local
from models.sources.choose import choose
from models.sources.licences import licence_of
from models.sources.shelf import SourceShelf, combined_sha256
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
