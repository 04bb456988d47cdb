import hashlib
from pathlib import Path

import pytest

from models.errors import FetchError, UnknownModelError
from models.reference import Local
from models.sources import local
from models.sources.choose import choose
from models.sources.shelf import SourceShelf, combined_sha256
from models.store import Store
from tests.support.small_bundle import quiet


def test_a_file_is_read_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"weights")
    offer = local.find(Local(tmp_path / "m.gguf"), quiet)
    fetched = offer.fetch(SourceShelf(Store(tmp_path / "store")), quiet)
    assert fetched.path == tmp_path / "m.gguf"
    assert fetched.source.sha256 == hashlib.sha256(b"weights").hexdigest()
    assert fetched.source.uri == "m.gguf"
    assert not (tmp_path / "store").exists()


def test_a_directory_is_hashed_over_what_is_used(tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    before = local.find(Local(tmp_path), quiet)
    (tmp_path / "README.md").write_text("new", encoding="utf-8")
    assert local.find(Local(tmp_path), quiet) == before
    (tmp_path / "config.json").write_text("other", encoding="utf-8")
    assert local.find(Local(tmp_path), quiet).sha256 != before.sha256


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
