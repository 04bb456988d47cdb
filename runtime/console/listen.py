"""`ingle listen`: a microphone of this machine, and what the appliance makes of what it hears."""

import asyncio
import contextlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from runtime.console.options import config_option, configured, state_option
from runtime.console.terminal import StatusLine, harmless

if TYPE_CHECKING:
    from runtime.config import Config
    from runtime.voice.events import State
    from runtime.voice.listening import Noticed, Room

_BAR: Final = 30
_QUIETEST: Final = -60.0


@click.command()
@click.option("--push", is_flag=True, help="Listen from one Enter to the next, instead of for a wake word.")
@click.option("--microphone", help="As `arecord -L` names it; voice.microphone by default, else ALSA's own.")
@click.option("--loudspeaker", help="As `aplay -L` names it; voice.loudspeaker by default, else ALSA's own.")
@click.option("--wake", "words", multiple=True, help="A wake word, such as okay_nabu; may be repeated.")
@config_option
@state_option
def listen(
    *,
    push: bool,
    microphone: str | None,
    loudspeaker: str | None,
    words: tuple[str, ...],
    config_file: Path | None,
    state: Path,
) -> None:
    """Listen to the room, and show what is heard, understood and answered.

    The microphone and the wake word are this command's; what is said is written down, done and spoken by the appliance
    that runs on this machine, which has to have voice.enabled. Where that has a microphone of its own, it listens by
    itself, and this command cannot have the same one. Ends with Ctrl-C.
    """
    config = configured(config_file, voice__microphone=microphone, voice__loudspeaker=loudspeaker).config
    if words:
        config = replace(config, voice=replace(config.voice, wake_words=words))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_listen(config, state, push=push))


async def _listen(config: "Config", state: Path, *, push: bool) -> None:
    from runtime.console.appliance import appliance  # noqa: PLC0415  see runtime.console
    from runtime.room import room_of  # noqa: PLC0415  see runtime.console

    async with appliance(config, state) as there:
        shown = _Shown(StatusLine())
        room = await asyncio.to_thread(room_of, config, there, there, wake=not push, notice=shown)
        how = "press Enter, speak, press Enter" if push else f"say {' or '.join(config.voice.wake_words)}"
        click.echo(f"Listening; {how.replace('_', ' ')}. Ctrl-C ends it.", err=True)
        pushing = asyncio.create_task(_push(room)) if push else None
        try:
            await room.listen(())
        finally:
            shown.clear()
            if pushing is not None:
                pushing.cancel()


async def _push(room: "Room") -> None:
    """Enter, and Enter again: a terminal does not tell when a key is let go."""
    loop = asyncio.get_running_loop()
    entered = asyncio.Event()

    def enter() -> None:
        sys.stdin.readline()
        entered.set()

    loop.add_reader(sys.stdin, enter)
    try:
        while True:
            for turn in (room.press, room.release):
                await entered.wait()
                entered.clear()
                turn()
    finally:
        loop.remove_reader(sys.stdin)


class _Shown:
    """What happens, a line each; the level and the state in a line that passes."""

    def __init__(self, line: StatusLine) -> None:
        self._line = line

    def __call__(self, state: "State", what: "Noticed") -> None:
        from runtime.errors import IngleError  # noqa: PLC0415  see runtime.console
        from runtime.voice.border import Said  # noqa: PLC0415  see runtime.console
        from runtime.voice.events import Answer, Awake, Nothing  # noqa: PLC0415  see runtime.console
        from runtime.voice.hearing import Heard  # noqa: PLC0415  see runtime.console

        match what:
            case Heard(_, speech, level):
                full = round(_BAR * max(0.0, 1 - level / _QUIETEST))
                voice = "speech" if speech >= 0.5 else "      "  # noqa: PLR2004  as likely as not
                self._line.show(f"{state.value:<11} {level:6.1f} dBFS {voice} {'|' * full:<{_BAR}}")
            case Awake(woken) if woken is not None:
                self._tell(f"* {woken.name} ({woken.score:.2f})")
            case Answer(_, transcription):
                self._tell(f"> {transcription.text}")
            case Said(text):
                self._tell(f"< {text}")
            case Nothing(why):
                self._tell(f"  ({why.value})")
            case IngleError():
                self._tell(f"! {what}")
            case _:
                pass

    def clear(self) -> None:
        self._line.clear()

    def _tell(self, text: str) -> None:
        self._line.clear()
        click.echo(harmless(text))
