"""`ingle run`: one question, one answer, then back to the shell."""

import json
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from runtime.console.options import config_option, configured, model_option, sampling_options, state_option
from runtime.console.piping import piped

if TYPE_CHECKING:
    from pathlib import Path

    from runtime.completion import CompletionRequest, Finished
    from runtime.config import Config

_REMARKS: Final = {
    "length": "the answer was cut at its longest length; --max-tokens allows more",
    "deadline": "the answer was cut at the time limit; limits.request_seconds allows more",
}


@click.command()
@click.argument("prompt", nargs=-1)
@model_option
@sampling_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object, once the answer is complete.")
@config_option
@state_option
@click.pass_context
def run(ctx: click.Context, /, prompt: tuple[str, ...], *, as_json: bool, **options: Any) -> None:
    """Ask PROMPT. What is piped in is put behind it, or is the question if there is no PROMPT.

    A base model, which has no chat template, continues PROMPT as it stands.
    """
    config_file: Path | None = options.pop("config_file")
    state: Path = options.pop("state")
    config = configured(config_file, model__name=options.pop("model")).config
    question = "\n\n".join(
        part for part in (" ".join(prompt), piped(config.limits.request_bytes)) if part.strip()
    )
    if not question:
        raise click.UsageError('ask something: ingle run "What is the capital of France?"', ctx)

    import asyncio  # noqa: PLC0415  see runtime.console

    ctx.exit(asyncio.run(_run(config, state, _request(question, config, **options), as_json=as_json)))


def _request(
    question: str,
    config: "Config",
    *,
    max_tokens: int | None,
    temperature: float | None,
    seed: int | None,
    system: str | None,
) -> "CompletionRequest":
    from runtime.completion import CompletionRequest, Message, SamplingOptions  # noqa: PLC0415  see runtime.console

    told = () if system is None else (Message("system", system),)
    return CompletionRequest(
        messages=(*told, Message("user", question)),
        max_tokens=max_tokens,
        sampling=SamplingOptions(temperature=temperature, seed=seed),
        deadline_s=config.limits.request_seconds,
    )


def _plain(request: "CompletionRequest") -> "CompletionRequest":
    """The question as a text to be continued, for a base model.

    Raises:
        CallerError: there are words of the system, which a plain text has no place for.
    """
    from dataclasses import replace  # noqa: PLC0415  see runtime.console

    from runtime.errors import CallerError  # noqa: PLC0415  see runtime.console

    if len(request.messages) > 1:
        raise CallerError("this is a base model, which continues a text; leave --system out")
    return replace(request, messages=(), prompt=request.messages[0].content)


async def _run(config: "Config", state: "Path", request: "CompletionRequest", *, as_json: bool) -> int:
    from runtime.console.local import local_completer  # noqa: PLC0415  see runtime.console
    from runtime.console.speaking import speak  # noqa: PLC0415  see runtime.console
    from runtime.console.terminal import StatusLine, harmless  # noqa: PLC0415  see runtime.console

    terminal = sys.stdout.isatty()
    words: list[str] = []

    def say(text: str) -> None:
        words.append(text)
        if not as_json:
            click.echo(harmless(text) if terminal else text, nl=False)
            sys.stdout.flush()

    status = StatusLine()
    async with local_completer(config, state, status) as completer:
        finished = await speak(completer, request if completer.chats else _plain(request), say, status)
        if as_json:
            click.echo(json.dumps(_told(completer.name, "".join(words), finished), ensure_ascii=False))
        else:
            click.echo()
    if remark := _REMARKS.get(finished.reason):
        click.echo(f"note: {remark}", err=True)
    return int(finished.reason == "deadline")


def _told(model: str, text: str, finished: "Finished") -> dict[str, Any]:
    from dataclasses import asdict  # noqa: PLC0415  see runtime.console

    return {
        "model": model,
        "text": text,
        "finish_reason": finished.reason,
        "usage": asdict(finished.usage),
        "timings": asdict(finished.timings),
    }
