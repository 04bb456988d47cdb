"""The policy file says what it means, or is refused with its place."""

import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from runtime.commands.policy.scope import Scope
from runtime.commands.policy.settings import Client, PolicySettings, Quiet, Rates
from runtime.commands.policy.toml import policy_file
from runtime.errors import ConfigError

PAGE = Path(__file__).resolve().parents[4] / "docs" / "policy.md"
EXAMPLES = re.findall(r"^```toml\n(# policy\.toml\n.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def read(folder: Path, text: str) -> PolicySettings:
    path = folder / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return policy_file(path)


def test_an_empty_file_is_the_default(tmp_path: Path) -> None:
    assert read(tmp_path, "") == PolicySettings()


def test_the_examples_of_the_page_say_what_the_page_says(tmp_path: Path) -> None:
    dangerous, quiet, clients, rates = (read(tmp_path, each) for each in EXAMPLES)
    assert dangerous.dangerous == (
        Scope(devices=("oven", "switch.*"), values=("on",)),
        Scope(kinds=("cover",), values=("open",)),
    )
    assert quiet.quiet[0] == Quiet(time(22), time(7), Scope(kinds=("vacuum", "siren")))
    assert quiet.quiet[1].days == ("sat", "sun")
    assert [each.name for each in clients.clients] == ["http", "phone", "tablet", "tablet", ""]
    assert clients.clients[0] == Client("http")
    assert rates.rates == Rates(30, 120)


def test_a_time_may_be_one_of_toml(tmp_path: Path) -> None:
    settings = read(tmp_path, "[[quiet]]\nstart = 22:30:00\nend = '7:00'\n")
    assert settings.quiet == (Quiet(time(22, 30), time(7)),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[quite]]", "unknown key 'quite' (did you mean 'quiet'?)"),
        (
            "[[dangerous]]\ndevice = ['oven']",
            "dangerous[0] has an unknown key 'device' (did you mean 'devices'?)",
        ),
        ("[[dangerous]]\ndevices = 'oven'", "dangerous[0].devices is 'oven', which is of the wrong type"),
        ("[[dangerous]]\ndevices = []", "dangerous[0].devices is empty"),
        ("[[dangerous]]\nkinds = ['lights']", "no kind; did you mean 'light'?"),
        ("[[dangerous]]\nkinds = ['x']", "no kind; there are light,"),
        ("[[quiet]]\nstart = '22:00'", "quiet[0] lacks the key 'end'"),
        ("[[quiet]]\nstart = '24:00'\nend = '7:00'", "quiet[0].start is '24:00', and must be a time of day"),
        ("[[quiet]]\nstart = '7:00'\nend = '07:00'", "quiet[0] ends when it starts"),
        ("[[quiet]]\nstart = '7:00'\nend = '8:00'\ndays = []", "quiet[0].days is empty"),
        (
            "[[quiet]]\nstart = '7:00'\nend = '8:00'\ndays = ['monday']",
            "unknown word 'monday' (did you mean 'mon'?)",
        ),
        ("[[clients]]\nkinds = ['light']", "clients[0] lacks the key 'name'"),
        ("[rates]\ndevice_per_minute = -1", "rates.device_per_minute is below zero"),
        ("[rates]\ndevice_per_minute = 1.5", "rates.device_per_minute is 1.5"),
        ("rates = [", "is not valid TOML"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)
    assert "policy.toml" in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        policy_file(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xfc")
    with pytest.raises(ConfigError, match="not UTF-8"):
        policy_file(tmp_path / "latin.toml")


def test_a_whole_day_is_from_midnight_to_midnight(tmp_path: Path) -> None:
    (quiet,) = read(tmp_path, "[[quiet]]\nstart = '00:00'\nend = '00:00'\ndays = ['sun']").quiet
    sunday = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
    assert [quiet.now(sunday + timedelta(minutes=each)) for each in (-1, 0, 720, 1439, 1440)] == [
        *(False, True, True, True, False)
    ]
    assert quiet.left(sunday) == timedelta(days=1)
