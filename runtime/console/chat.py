"""`ingle chat`: a conversation. Ctrl-C stops the answer, Ctrl-D leaves."""

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from runtime.console.options import config_option, configured, model_option, sampling_options, state_option

if TYPE_CHECKING:
    import asyncio

    from runtime.console.conversation import Conversation

_HELP: Final = """\
/reset  forget the conversation
/stats  how fast the last answer was
/help   this
/exit   leave, as Ctrl-D does
Ctrl-C stops an answer. A text of several lines stands between two \"\"\"."""
_QUOTES: Final = '"""'


@click.command()
@model_option
@sampling_options
@config_option
@state_option
def chat(*, model: str | None, config_file: Path | None, state: Path, **options: Any) -> None:
    """Talk with the model; it remembers the conversation."""
    config = configured(config_file, model__name=model).config

    import asyncio  # noqa: PLC0415  see runtime.console

    from runtime.console.conversation import Conversation  # noqa: PLC0415  see runtime.console
    from runtime.console.local import local_completer  # noqa: PLC0415  see runtime.console
    from runtime.console.terminal import StatusLine  # noqa: PLC0415  see runtime.console

    status = StatusLine()
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        completer = runner.run(stack.enter_async_context(local_completer(config, state, status)))
        try:
            conversation = Conversation(completer, config.limits, status, **options)
            if sys.stdin.isatty():
                with contextlib.suppress(ImportError):
                    import readline  # noqa: F401, PLC0415  gives input() its editing and history
                click.echo(f"{completer.name} listens. /help says what else you can type.")
            converse(runner, conversation, _read)
        finally:
            runner.run(stack.aclose())


def converse(runner: "asyncio.Runner", conversation: "Conversation", read: Callable[[], str | None]) -> None:
    """Line after line until `read` has no more."""
    while (line := read()) is not None:
        match line.strip():
            case "":
                pass
            case "/exit" | "/quit" | "/bye":
                return
            case "/reset":
                conversation.reset()
                click.echo("forgotten")
            case "/stats":
                click.echo(conversation.stats())
            case "/help" | "/?":
                click.echo(_HELP)
            case command if command.startswith("/") and " " not in command:
                click.echo(f"there is no {command}\n{_HELP}")
            case question:
                try:
                    runner.run(conversation.ask(question))
                except KeyboardInterrupt:
                    click.echo(" (stopped)")


def _read() -> str | None:
    """The next line, or what stands between two lines of quotes; None at the end."""
    prompt, more = ("> ", "... ") if sys.stdin.isatty() else ("", "")
    try:
        line = input(prompt)
        if not line.startswith(_QUOTES):
            return line
        lines = [line.removeprefix(_QUOTES)]
        while not lines[-1].endswith(_QUOTES):
            lines.append(input(more))
        return "\n".join(lines).removesuffix(_QUOTES)
    except KeyboardInterrupt:
        click.echo("\n(Ctrl-D or /exit leaves)")
        return ""
    except EOFError:
        if prompt:
            click.echo()
        return None
