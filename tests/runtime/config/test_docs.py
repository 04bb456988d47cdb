"""What the guide says about settings is so."""

import re
from pathlib import Path

import pytest

from runtime.config import load

ROOT = Path(__file__).resolve().parents[3]
PAGES = [*sorted(ROOT.glob("docs/*.md")), ROOT / "systemd" / "inglenook.service"]
KEYS = {setting.key for setting in load(environ={}).settings}
SECTIONS = {key.partition(".")[0] for key in KEYS}
# Files look alike: limits.py, mqtt.md, policy.toml, model.bin, and the credential mqtt.password.
SETTING = re.compile(
    rf"(?<![\w./])((?:{'|'.join(sorted(SECTIONS))})\.(?!(?:py|md|toml|bin|password)\b)[a-z_]+)(?![\w./])"
)
VARIABLE = re.compile(r"\bINGLE_[A-Z_]+[A-Z]\b")
# An example that begins with the name of another file is that file's.
TOML = re.compile(r"^```toml\n(?!# (?!inglenook)\w+\.toml\n)((?:(?!^```).)*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_setting_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    assert set(SETTING.findall(text)) <= KEYS
    assert set(VARIABLE.findall(text)) <= {f"INGLE_{key.replace('.', '_').upper()}" for key in KEYS}


@pytest.mark.parametrize(
    "page", [page for page in PAGES if TOML.search(page.read_text())], ids=lambda p: p.name
)
def test_an_example_of_a_page_is_a_configuration(page: Path, tmp_path: Path) -> None:
    for number, example in enumerate(TOML.findall(page.read_text())):
        path = tmp_path / f"{number}.toml"
        path.write_text(example)
        assert load(path, environ={}).config
