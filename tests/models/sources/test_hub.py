import json
import os
import socket
from pathlib import Path

import pytest

from models.errors import FetchError
from models.reference import Hub
from models.sources import hub
from models.sources.download import Retry
from models.sources.shelf import SourceShelf
from models.store import Store
from tests.support.model_server import COMMIT, Answer, Faults, ModelServer
from tests.support.small_bundle import quiet

FILES = {
    "config.json": b'{"model_type": "llama"}',
    "generation_config.json": b"{}",
    "tokenizer.json": b'{"model": {}}',
    "tokenizer_config.json": b"{}",
    "chat_template.jinja": b"{{ messages }}",
    "model.safetensors": os.urandom(300_000),
    "README.md": b"read me",
    "pytorch_model.bin": b"pickle",
    "onnx/model.onnx": b"graph",
}
WANTED = {
    name: content
    for name, content in FILES.items()
    if name not in {"README.md", "pytorch_model.bin", "onnx/model.onnx"}
}
QUICK = Retry(attempts=2, pause_s=0.001, timeout_s=5)


@pytest.fixture
def shelf(tmp_path: Path) -> SourceShelf:
    return SourceShelf(Store(tmp_path))


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "origin.json"}


def test_only_what_a_bundle_needs_is_fetched(server: ModelServer, shelf: SourceShelf) -> None:
    server.add_repository("org/tiny", FILES)
    offer = hub.find(Hub("org/tiny"), endpoint=server.url)
    assert offer.revision == COMMIT
    assert offer.size == sum(map(len, WANTED.values()))
    assert offer.licence is not None
    assert offer.licence.spdx == "Apache-2.0"
    fetched = offer.fetch(shelf, quiet)
    assert _contents(fetched.path) == WANTED
    assert (fetched.source.uri, fetched.source.revision) == ("hf:org/tiny", COMMIT)
    assert list(shelf.downloads.iterdir()) == []


def test_a_broken_download_is_taken_up_by_the_next_pull(server: ModelServer, shelf: SourceShelf) -> None:
    server.add_repository("org/tiny", FILES)
    server.faults = Faults(drop_after=100_000, drops=1)
    with pytest.raises(FetchError, match=r"hf:org/tiny: model.safetensors broke off"):
        hub.find(Hub("org/tiny"), endpoint=server.url, retry=Retry(attempts=1)).fetch(shelf, quiet)
    sent = server.sent
    fetched = hub.find(Hub("org/tiny"), endpoint=server.url).fetch(shelf, quiet)
    assert _contents(fetched.path) == WANTED
    assert server.sent - sent < len(FILES["model.safetensors"])


def test_one_gguf_file_stands_alone(server: ModelServer, shelf: SourceShelf) -> None:
    server.add_repository("org/tiny-gguf", {"tiny-q8.gguf": b"weights", "README.md": b""})
    fetched = hub.find(Hub("org/tiny-gguf"), endpoint=server.url).fetch(shelf, quiet)
    assert fetched.path.name == "tiny-q8.gguf"
    assert fetched.path.read_bytes() == b"weights"


def test_one_of_several_gguf_files_must_be_named(server: ModelServer, shelf: SourceShelf) -> None:
    server.add_repository("org/many", {"a.gguf": b"a", "b.gguf": b"b"})
    with pytest.raises(FetchError, match=r"2 GGUF files; name one of: a.gguf, b.gguf"):
        hub.find(Hub("org/many"), endpoint=server.url)
    fetched = hub.find(Hub("org/many", file="b.gguf"), endpoint=server.url).fetch(shelf, quiet)
    assert fetched.path.read_bytes() == b"b"
    with pytest.raises(FetchError, match=r"has no file 'c.gguf'"):
        hub.find(Hub("org/many", file="c.gguf"), endpoint=server.url)


def test_pickles_are_never_fetched(server: ModelServer) -> None:
    server.add_repository("org/pickled", {"config.json": b"{}", "pytorch_model.bin": b"pickle"})
    with pytest.raises(FetchError, match="neither safetensors nor GGUF"):
        hub.find(Hub("org/pickled"), endpoint=server.url)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_file_other_than_the_listed_one_is_not_kept(
    server: ModelServer, shelf: SourceShelf, name: str
) -> None:
    server.add_repository("org/tiny", FILES)
    path = f"/org/tiny/resolve/{COMMIT}/{name}"
    server.answers[path] = Answer(FILES[name][::-1])
    with pytest.raises(FetchError, match=rf"{name} .*(nothing was kept|it was not kept)"):
        hub.find(Hub("org/tiny"), endpoint=server.url, retry=QUICK).fetch(shelf, quiet)
    assert shelf.find("hf:org/tiny") is None
    assert not list(shelf.downloads.rglob(f"{name}*"))


def test_a_repository_that_is_not_there(server: ModelServer) -> None:
    with pytest.raises(FetchError, match="no repository 'org/none' that you may read"):
        hub.find(Hub("org/none"), endpoint=server.url)


def test_a_revision_that_is_not_there(server: ModelServer) -> None:
    server.add_repository("org/tiny", FILES)
    with pytest.raises(FetchError, match="org/tiny"):
        hub.find(Hub("org/tiny", "v9"), endpoint=server.url)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(FetchError, match=rf"cannot reach 127.0.0.1:{port} .*; check the network"):
        hub.find(Hub("org/tiny"), endpoint=f"http://127.0.0.1:{port}")


def test_a_404_that_no_hub_wrote(server: ModelServer) -> None:
    with pytest.raises(FetchError, match=r"127\.0\.0\.1:\d+ knows no hf:org/none.*set HF_ENDPOINT"):
        hub.find(Hub("org/none"), endpoint=f"{server.url}/elsewhere")


@pytest.mark.parametrize(
    "page", [b"<html>", b"{}", b"[]", b'{"id": "x", "siblings": 7}', b'{"id": "x", "siblings": []}']
)
def test_a_hub_that_answers_nonsense(server: ModelServer, page: bytes) -> None:
    server.add_repository("org/tiny", FILES)
    server.answers["/api/models/org/tiny/revision/main"] = Answer(page, "application/json")
    with pytest.raises(FetchError):
        hub.find(Hub("org/tiny"), endpoint=server.url)


def test_names_that_lead_elsewhere_are_not_chosen(server: ModelServer) -> None:
    server.add_repository(
        "org/evil", {"config.json": b"{}", "../../x.safetensors": b"x", ".hidden.safetensors": b"y"}
    )
    with pytest.raises(FetchError, match="neither safetensors nor GGUF"):
        hub.find(Hub("org/evil"), endpoint=server.url)


def test_a_licence_the_table_lacks_is_unknown_by_name(server: ModelServer) -> None:
    server.add_repository("org/tiny", FILES, licence="other")
    page = server.answers["/api/models/org/tiny/revision/main"]
    info = json.loads(page.body)
    info["cardData"] |= {"license_name": "house-rules", "license_link": "https://example.org/rules"}
    page.body = json.dumps(info).encode()
    licence = hub.find(Hub("org/tiny"), endpoint=server.url).licence
    assert licence is not None
    assert (licence.spdx, licence.tags, licence.url) == (
        "LicenseRef-house-rules",
        ("unknown",),
        "https://example.org/rules",
    )
