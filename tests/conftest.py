"""Fixtures that many tests share: the real models, fetched once for this machine and kept."""

import hashlib
import os
import shutil
import signal
from pathlib import Path

import hypothesis
import pytest

import models
from models.bundle import Bundle
from models.errors import FetchError
from models.pull import Wishes, pull
from models.store import Store
from tests.support.recordings import RECORDINGS, recording

# A timing is never asserted, not by hypothesis either; what failed is printed so that it can be run again.
hypothesis.settings.register_profile(
    "inglenook", deadline=None, print_blob=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("inglenook")

# What a shell starts in the background ignores Ctrl-C, and so would all that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First what has a browser, a broker and an appliance in this very process: while it is young, and small."""
    items.sort(key=lambda item: "test_kiosk_end_to_end" not in item.nodeid)


@pytest.fixture(scope="session")
def real_state() -> Path:
    """The state directory that holds the real models; kept between runs, so that they are fetched once."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("INGLENOOK_TEST_STATE") or Path(cache) / "inglenook-tests")


@pytest.fixture(scope="session")
def smollm2(real_state: Path) -> Bundle:
    """SmolLM2-135M-Instruct as `ingle pull smollm2-135m` makes it with the builder as it is now."""
    return _pulled("smollm2-135m", real_state)


@pytest.fixture(scope="session")
def gemma3(real_state: Path) -> Bundle:
    """Gemma 3 270M as `ingle pull gemma3-270m` makes it with the builder as it is now."""
    return _pulled("gemma3-270m", real_state, "LicenseRef-Gemma")


@pytest.fixture(scope="session")
def whisper(real_state: Path) -> Bundle:
    """Whisper tiny.en as `ingle pull whisper-tiny.en` makes it."""
    return _pulled("whisper-tiny.en", real_state)


@pytest.fixture(scope="session")
def minilm(real_state: Path) -> Bundle:
    """The encoder all-MiniLM-L6-v2 as `ingle pull all-minilm-l6-v2` makes it."""
    return _pulled("all-minilm-l6-v2", real_state)


@pytest.fixture(scope="session")
def recordings(real_state: Path) -> dict[str, Path]:
    """Real people's speech, as WAV files, by name."""
    try:
        return {name: recording(name, real_state / "recordings") for name in RECORDINGS}
    except FetchError as exc:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"the recordings are not here and cannot be fetched: {exc}")


def _pulled(name: str, state: Path, *accepted: str) -> Bundle:
    root = state / "models"
    _forget_what_another_builder_made(root)
    try:
        wishes = Wishes(accepted_licences=frozenset(accepted))
        return pull(name, Store(root), lambda _: None, wishes=wishes).bundle
    except FetchError as exc:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{name} is not here and cannot be fetched: {exc}")


def _forget_what_another_builder_made(root: Path) -> None:
    """Keep the weights that were fetched, not the bundles, once the builder has changed."""
    parts = sorted(
        path for path in Path(models.__file__).parent.rglob("*") if path.suffix in {".py", ".toml", ".txt"}
    )
    builder = hashlib.sha256(b"".join(path.read_bytes() for path in parts)).hexdigest()
    record = root / "builder.sha256"
    if record.exists() and record.read_text(encoding="utf-8") == builder:
        return
    for room in ("bundles", "refs"):
        shutil.rmtree(root / room, ignore_errors=True)
    root.mkdir(parents=True, exist_ok=True)
    record.write_text(builder, encoding="utf-8")
