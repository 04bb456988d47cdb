"""Fixtures that many tests share: the real model, fetched once for this machine and kept."""

import os
from pathlib import Path

import hypothesis
import pytest

from models.bundle import Bundle
from models.errors import FetchError
from models.pull import pull
from models.store import Store

# A timing is never asserted, not by hypothesis either; what failed is printed so that it can be run again.
hypothesis.settings.register_profile("inglenook", deadline=None, print_blob=True)
hypothesis.settings.load_profile("inglenook")


@pytest.fixture(scope="session")
def real_state() -> Path:
    """The state directory that holds the real model; kept between runs, so that it is fetched once."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("INGLENOOK_TEST_STATE") or Path(cache) / "inglenook-tests")


@pytest.fixture(scope="session")
def smollm2(real_state: Path) -> Bundle:
    """SmolLM2-135M-Instruct as `ingle pull smollm2-135m` makes it."""
    try:
        return pull("smollm2-135m", Store(real_state / "models"), lambda _: None).bundle
    except FetchError as exc:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"the real model is not here and cannot be fetched: {exc}")
