"""The command room put together: what it does without."""

from pathlib import Path

import pytest

from runtime.commanding import find_encoder
from runtime.config import Commands, Config
from tests.support.house import furnish


def test_an_encoder_that_cannot_be_used_costs_a_log_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = furnish(tmp_path)  # a model that writes, and encodes nothing
    assert find_encoder(Config(commands=Commands(encoder=bundle.reference)), tmp_path) is None
    assert "by their words alone: " in caplog.text
    assert bundle.manifest.name in caplog.text
