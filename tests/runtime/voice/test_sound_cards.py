"""The real `arecord` and `aplay`, on sound cards that are files; and what an owner is told where there is none."""

import asyncio
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from runtime.voice.alsa import SoundCardError
from runtime.voice.border import FRAME, RATE, Samples, Sound
from runtime.voice.loudspeaker import Loudspeaker
from runtime.voice.microphone import Microphone, record
from tests.support.alsa import Cards, needs_alsa
from tests.support.sounds import tone


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cards:
    return Cards(tmp_path, monkeypatch)


def program(folder: Path, name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is found in the place of the real one."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@needs_alsa
async def test_what_the_microphone_hears_is_heard(cards: Cards) -> None:
    cards.hear(tone(440, 1.0))
    heard = await record(Microphone("microphone"), 0.5)
    assert {frame.size for frame in heard} == {FRAME}
    np.testing.assert_allclose(np.concatenate(heard), tone(440, 1.0)[: len(heard) * FRAME], atol=1e-4)


@needs_alsa
async def test_what_is_played_is_heard_and_told_of_before(cards: Cards) -> None:
    told: list[Samples] = []
    async with Loudspeaker("loudspeaker").open() as playing:
        await playing.play(Sound(tone(440, 0.25, rate=22_050), 22_050), told.append)
        await playing.play(Sound(tone(330, 0.1, rate=22_050), 22_050), told.append)
    whole = np.concatenate((tone(440, 0.25, rate=22_050), tone(330, 0.1, rate=22_050)))
    np.testing.assert_allclose(cards.played(22_050)[: whole.size], whole, atol=1e-4)
    assert [each.size for each in told] == [2_205, 2_205, 1_102, 2_205]


@needs_alsa
async def test_voices_of_two_rates_are_played_one_after_the_other(cards: Cards) -> None:
    async with Loudspeaker("loudspeaker").open() as playing:
        await playing.play(Sound(tone(440, 0.1, rate=22_050), 22_050), lambda _: None)
        await playing.play(Sound(tone(440, 0.1), RATE), lambda _: None)
    np.testing.assert_allclose(cards.played(RATE)[:1_600], tone(440, 0.1), atol=1e-4)


@needs_alsa
async def test_who_is_silenced_is_silent(cards: Cards) -> None:
    begun = asyncio.Event()

    async def play() -> None:
        async with Loudspeaker("loudspeaker").open() as playing:
            await playing.play(Sound(tone(440, 60), RATE), lambda _: begun.set())

    playing = asyncio.create_task(play())
    await begun.wait()
    playing.cancel()
    await asyncio.wait({playing})
    assert cards.played(RATE).size < 5 * RATE


@needs_alsa
@pytest.mark.parametrize("device", ["plughw:CARD=Nothing", None])
async def test_a_card_that_is_not_there(device: str | None, cards: Cards) -> None:
    assert cards.played(RATE).size == 0
    with pytest.raises(SoundCardError, match="is not there; plug one in, or name another as voice"):
        await record(Microphone(device), 1)
    with pytest.raises(SoundCardError, match="is not there; plug one in, or name another as voice"):
        async with Loudspeaker(device).open() as playing:
            await playing.play(Sound(tone(440, 30), RATE), lambda _: None)


@pytest.mark.parametrize(
    ("does", "says"),
    [
        (
            "echo 'arecord: main:831: audio open error: Device or resource busy' >&2; exit 1",
            "used by another",
        ),
        ("echo 'arecord: main:831: audio open error: Permission denied' >&2; exit 1", "group audio"),
        ("echo 'arecord: set_params:1416: Sample format non available' >&2; exit 1", "plughw:"),
        (
            "head -c 2048 /dev/zero; echo 'arecord: pcm_read:2221: read error: No such device' >&2",
            "not there",
        ),
        ("exit 3", "failed \\(without a word\\); plug it in again"),
        ("yes complaint | head -c 1000000 >&2; exit 1", "failed \\(complaint\\)"),
    ],
)
async def test_what_goes_wrong_is_said_with_what_to_do(
    does: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "arecord", does, monkeypatch)
    with pytest.raises(SoundCardError, match=says):
        await record(Microphone("hw:1"), 1)


async def test_without_the_programs_it_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SoundCardError, match="sudo apt-get install alsa-utils"):
        await record(Microphone(), 1)
