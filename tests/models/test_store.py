import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.bundle import Bundle
from models.errors import StoreError
from models.manifest import DECODER_NAME, MANIFEST_NAME, SCHEMA_VERSION
from models.store import Store, default_state_dir
from tests.support.small_bundle import write_bundle


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


def _add(
    store: Store,
    *,
    name: str = "tiny",
    version: str = "1",
    weights: bytes = b"weights",
    keep_name: bool = False,
) -> Bundle:
    with store.staging() as staged:
        manifest = write_bundle(staged, name=name, version=version, weights=weights)
        return store.add(staged, manifest, keep_name=keep_name)


def _wrong(store: Store) -> dict[str, tuple[str, ...]]:
    return {what: problems for what, problems in store.audit().items() if problems}


def test_the_store_of_a_state_directory(tmp_path: Path) -> None:
    assert Store.below(tmp_path).root == tmp_path / "models"


def test_a_store_that_was_never_written_is_empty(store: Store) -> None:
    assert (store.list(), store.refs(), store.audit()) == ((), {}, {})
    assert not store.root.exists()


def test_a_bundle_is_found_by_every_name_it_has(store: Store) -> None:
    bundle = _add(store)
    assert store.list() == (bundle,)
    for ref in ("tiny", "tiny@1", bundle.digest, bundle.digest[:6]):
        assert store.resolve(ref) == bundle
    assert store.audit() == {f"tiny@1 {bundle.digest[:12]}": ()}
    assert bundle.path == store.root / "bundles" / bundle.digest
    assert list((store.root / "staging").iterdir()) == []


def test_the_bare_name_is_the_bundle_added_last(store: Store) -> None:
    first = _add(store, version="1")
    second = _add(store, version="2", weights=b"better")
    assert store.resolve("tiny") == second
    assert store.resolve("tiny@1") == first


def test_the_bare_name_stays_if_asked_and_moves_when_told(store: Store) -> None:
    first = _add(store, version="1", keep_name=True)
    assert store.meant("tiny") == first, "nothing had the name"
    second = _add(store, version="2", weights=b"better", keep_name=True)
    assert store.resolve("tiny") == first
    assert store.resolve("tiny@2") == second
    assert store.use("tiny@2") == second
    assert store.resolve("tiny") == second
    again = _add(store, version="2", weights=b"better still", keep_name=True)
    assert store.resolve("tiny") == again, "the same version, built anew"
    with pytest.raises(StoreError, match="no model 'tiny@3'"):
        store.use("tiny@3")


def test_a_name_that_was_kept_by_one_version_alone_stays_clear(store: Store) -> None:
    first = _add(store, version="1")
    _add(store, version="2", weights=b"better")
    store.remove("tiny@2")  # and the bare name with it, which goes on meaning what is left
    _add(store, version="3", weights=b"best", keep_name=True)
    assert store.resolve("tiny") == first


def test_a_name_that_points_nowhere_is_not_kept(store: Store) -> None:
    _add(store, version="1")
    (store.root / "refs" / "tiny").write_text("0" * 64, encoding="utf-8")
    second = _add(store, version="2", weights=b"better", keep_name=True)
    assert store.meant("tiny") == second


def test_adding_the_same_bundle_twice_keeps_one(store: Store) -> None:
    assert _add(store) == _add(store)
    assert len(store.list()) == 1


def test_removing_takes_the_names_too(store: Store) -> None:
    bundle, other = _add(store), _add(store, name="other")
    removed = store.remove("tiny")
    assert (removed.digest, removed.refs) == (bundle.digest, ("tiny", "tiny@1"))
    assert removed.bytes == bundle.size + len(bundle.manifest.to_json().encode())
    assert store.list() == (other,)
    assert _wrong(store) == {}


def test_after_a_removal_the_bare_name_is_the_version_that_is_left(store: Store) -> None:
    first = _add(store, version="1")
    _add(store, version="2", weights=b"better")
    store.remove("tiny@2")
    assert store.resolve("tiny") == first


def test_a_missing_model_is_named_with_what_there_is(store: Store) -> None:
    _add(store)
    with pytest.raises(
        StoreError, match=r"no model 'none' on this machine \(there is: tiny\); `ingle pull` fetches one"
    ):
        store.resolve("none")


def test_a_name_for_two_bundles_is_refused(store: Store) -> None:
    _add(store, version="1")
    _add(store, version="2", weights=b"better")
    (store.root / "refs" / "tiny").unlink()
    with pytest.raises(StoreError, match=r"could be 2 bundles; add the version .* `ingle use NAME@VERSION`"):
        store.resolve("tiny")
    assert store.meant("tiny") is None
    store.use("tiny@1")
    assert store.resolve("tiny").reference == "tiny@1"


@pytest.mark.parametrize("ref", ["", "../bundles", "a/b", ".", "tiny@", "@1", "-x", "a\nb"])
def test_what_cannot_be_a_name_is_refused(store: Store, ref: str) -> None:
    _add(store)
    with pytest.raises(StoreError, match="not a model's name"):
        store.resolve(ref)


def test_a_manifest_cannot_choose_a_path_for_its_name(store: Store) -> None:
    with store.staging() as staged:
        manifest = write_bundle(staged, name="../../evil")
        with pytest.raises(StoreError, match="cannot name a model"):
            store.add(staged, manifest)
    assert store.list() == ()


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


def _link_out(path: Path) -> None:
    target = path.parents[2] / "outside"
    shutil.copy(path, target)
    path.unlink()
    path.symlink_to(target)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda bundle: _flip(bundle / DECODER_NAME), "decoder.onnx has sha256"),
        (
            lambda bundle: os.truncate(bundle / DECODER_NAME, 1),
            "decoder.onnx has 1 bytes, the manifest says 7",
        ),
        (lambda bundle: (bundle / DECODER_NAME).unlink(), "decoder.onnx is missing"),
        (lambda bundle: (bundle / "extra").touch(), "extra is not in the manifest"),
        (lambda bundle: (bundle / "sub").symlink_to("/etc"), "sub is not in the manifest"),
        (lambda bundle: _link_out(bundle / DECODER_NAME), "decoder.onnx leads out of the bundle"),
        (lambda bundle: (bundle / MANIFEST_NAME).write_text("{"), "manifest is not JSON"),
        (lambda bundle: (bundle / MANIFEST_NAME).unlink(), "no readable manifest"),
        (
            lambda bundle: (bundle / MANIFEST_NAME).write_text(
                (bundle / MANIFEST_NAME).read_text().replace('"llama"', '"other"')
            ),
            "another digest than its directory",
        ),
        (
            lambda bundle: (bundle / MANIFEST_NAME).write_text(_of_schema(bundle, 99)),
            "update inglenook",
        ),
        (
            lambda bundle: (bundle / MANIFEST_NAME).write_text(_of_schema(bundle, 1)),
            "make it anew with `ingle pull NAME --force`",
        ),
    ],
    ids=[
        "flip",
        "cut",
        "gone",
        "extra",
        "extra-link",
        "link-out",
        "torn",
        "no-manifest",
        "edited",
        "newer",
        "older",
    ],
)
def test_damage_is_found_and_a_new_pull_heals_it(store: Store, damage: object, problem: str) -> None:
    bundle = _add(store)
    assert callable(damage)
    damage(bundle.path)
    (problems,) = _wrong(store).values()
    assert any(problem in one for one in problems), problems
    assert _add(store) == bundle
    assert _wrong(store) == {}


@pytest.mark.parametrize("damage", ["manifest", "directory"])
def test_a_damaged_bundle_can_be_removed(store: Store, damage: str) -> None:
    bundle = _add(store)
    if damage == "manifest":
        (bundle.path / MANIFEST_NAME).write_text("{", encoding="utf-8")
    else:
        shutil.rmtree(bundle.path)
    assert _wrong(store)
    store.remove("tiny")
    assert store.audit() == {}


def test_a_bundle_that_differs_from_its_manifest_does_not_get_in(store: Store) -> None:
    with store.staging() as staged:
        manifest = write_bundle(staged)
        _flip(staged / DECODER_NAME)
        with pytest.raises(StoreError, match="damaged and was not kept"):
            store.add(staged, manifest)
    with store.staging() as staged:
        manifest = write_bundle(staged)
        with pytest.raises(StoreError, match="damaged and was not kept"):
            store.add(staged, replace(manifest, parameters=1))
    assert store.audit() == {}


def test_staging_of_a_dead_process_is_cleared_and_of_a_living_one_kept(store: Store) -> None:
    with store.staging() as living:
        dead = store.root / "staging" / "dead"
        dead.mkdir()
        (dead / "rubbish").touch()
        (store.root / "staging" / "tiny.4711").touch()
        with store.staging() as mine:
            assert set((store.root / "staging").iterdir()) == {living, mine}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["add", "remove"]), st.integers(0, 1), st.integers(0, 1)), max_size=8
    )
)
def test_any_sequence_of_adds_and_removals_leaves_a_sound_store(
    tmp_path: Path, steps: list[tuple[str, int, int]]
) -> None:
    shutil.rmtree(tmp_path / "models", ignore_errors=True)
    store = Store(tmp_path / "models")
    there: dict[str, Bundle] = {}
    for verb, name, version in steps:
        ref = f"model{name}@{version}"
        if verb == "add":
            there[ref] = _add(store, name=f"model{name}", version=str(version))
        elif ref in there:
            store.remove(ref)
            del there[ref]
        assert set(store.list()) == set(there.values())
        assert _wrong(store) == {}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"INGLENOOK_STATE": "/a", "STATE_DIRECTORY": "/b", "XDG_DATA_HOME": "/c"}, "/a"),
        ({"STATE_DIRECTORY": "/b:/bb", "XDG_DATA_HOME": "/c"}, "/b"),
        ({"XDG_DATA_HOME": "/c"}, "/c/inglenook"),
        ({}, "/somebody/.local/share/inglenook"),
    ],
)
def test_where_state_is_kept(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str
) -> None:
    for name in ("INGLENOOK_STATE", "STATE_DIRECTORY", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/somebody")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert default_state_dir() == Path(expected)


def _of_schema(bundle: Path, version: int) -> str:
    text = (bundle / MANIFEST_NAME).read_text(encoding="utf-8")
    return text.replace(f'"schema_version": {SCHEMA_VERSION}', f'"schema_version": {version}')


def test_what_a_dead_process_left_is_swept_and_what_is_being_written_is_not(store: Store) -> None:
    with store.staging() as alive:
        dead = store.root / "staging" / "dead"
        dead.mkdir()
        store.sweep()
        assert alive.is_dir()
        assert not dead.exists()
