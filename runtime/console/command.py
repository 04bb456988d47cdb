"""`ingle command`: plain words to the appliance that runs on this machine, and what came of them."""

import json
import os
import secrets
import shlex
import sys
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from runtime.console.options import config_option, configured, state_option
from runtime.console.terminal import harmless

if TYPE_CHECKING:
    from runtime.config import Config

_WELL: Final = frozenset({"done", "sent", "planned", "cancelled", "told", "would"})
_ASKED: Final = 3
"""Exit status where an answer is waited for that nobody is there to give."""
_PATIENCE_S: Final = 60.0


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--explain", is_flag=True, help="Show how it was understood: route, candidates, milliseconds.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--answer", is_flag=True, help="Let the model say something to what is no command.")
@click.option("--language", help="Of the words, such as zh-TW; without it the appliance finds out.")
@click.option("--area", help="Where it is said: the id of an area.")
@click.option("--id", help="Of this command: the same again tells what came of it, and does nothing twice.")
@click.option("--json", "as_json", is_flag=True, help="The whole result as JSON.")
@config_option
@state_option
@click.pass_context
def command(
    ctx: click.Context, /, words: tuple[str, ...], config_file: Path | None, state: Path, **options: Any
) -> None:
    """Say WORDS to the house: "turn off the kitchen light".

    Exits with 0 when it was done or answered, 3 when something is asked back, 1 otherwise.
    """
    config = configured(config_file).config
    as_json: bool = options.pop("as_json")
    shell = f"console-{os.getppid()}"  # so that the next command knows what `it` is
    asked: dict[str, Any] = {"text": " ".join(words), "session": shell}
    asked |= {key: value for key, value in options.items() if value}
    while True:
        asked.setdefault("id", secrets.token_hex(8))
        told = _ask(config, state, asked, _again(ctx, asked))
        click.echo(
            json.dumps(told, ensure_ascii=False) if as_json else _shown(told, explain=asked.get("explain"))
        )
        if told["status"] != "asked":
            ctx.exit(0 if told["status"] in _WELL else 1)
        if as_json or not sys.stdin.isatty():
            ctx.exit(_ASKED)
        asked["text"] = click.prompt(">", prompt_suffix=" ")
        del asked["id"]  # an answer is another command


def _again(ctx: click.Context, asked: dict[str, Any]) -> str:
    """What to type to hear what came of it: with all that makes it the same command, to the same appliance."""
    words = ["ingle", "command"]
    for option in ctx.command.params:
        name = option.name or ""
        if not isinstance(option, click.Option) or name == "id":
            continue
        if option.is_flag and ctx.params[name]:
            words.append(option.opts[0])
        elif ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            words += [option.opts[0], str(ctx.params[name])]
    return shlex.join([*words, "--id", asked["id"], "--", asked["text"]])


def _ask(config: "Config", state: Path, asked: dict[str, Any], again: str) -> dict[str, Any]:
    import asyncio  # noqa: PLC0415  see runtime.console

    return asyncio.run(_post(config, state, asked, again))


async def _post(config: "Config", state: Path, asked: dict[str, Any], again: str) -> dict[str, Any]:
    """Hand a command to the appliance that this configuration is of; `again` asks what came of it.

    Raises:
        CallerError: it does not take it; says why.
        BusyError: it is not there, has no time, or has no result yet.
    """
    import aiohttp  # noqa: PLC0415  see runtime.console

    from runtime.config.secret import read_secret  # noqa: PLC0415  see runtime.console
    from runtime.errors import BusyError, CallerError  # noqa: PLC0415  see runtime.console
    from runtime.listener import address, find_key  # noqa: PLC0415  see runtime.console
    from runtime.tls import pinned  # noqa: PLC0415  see runtime.console

    url = address(config.server.host, config.server.port, tls=config.server.tls)
    pin = pinned(config.server, state)
    key = find_key(config.server, state, os.environ)
    headers = {} if key is None else {"Authorization": f"Bearer {read_secret(key)}"}
    timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
    try:
        async with (
            aiohttp.ClientSession(url, headers=headers, timeout=timeout) as client,
            client.post(
                "/v1/commands", json=asked, ssl=True if pin is None else aiohttp.Fingerprint(pin)
            ) as response,
        ):
            told = await response.json(content_type=None)
    except (aiohttp.ServerFingerprintMismatch, aiohttp.ClientConnectorSSLError) as exc:
        raise BusyError(
            f"what answers at {url} does not show this appliance's certificate; see server.tls, and who listens there"
        ) from exc
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as exc:
        raise BusyError(
            f"no appliance answers at {url}; start one with `ingle serve`, or name its --config"
        ) from exc
    except (aiohttp.ClientConnectionError, TimeoutError) as exc:
        raise BusyError(
            f"no result came from {url}, and the command may still be done; ask what came of it with `{again}`"
        ) from exc
    except (aiohttp.ClientError, ValueError) as exc:
        raise BusyError(f"what answers at {url} is no Inglenook; see server.port") from exc
    if "error" in told:
        fault = BusyError if response.status == HTTPStatus.SERVICE_UNAVAILABLE else CallerError
        raise fault(told["error"]["message"])
    return dict(told)


def _shown(told: dict[str, Any], *, explain: bool | None) -> str:
    """For a person: the sentence, and if they want to know, how it came about."""
    lines = [told["text"]]
    lines += [f"  - {option}" for option in told.get("options", ())]
    if explain:
        lines += [f"  {name:<11} {value}" for name, value in _explained(told)]
    return harmless("\n".join(lines))


def _explained(told: dict[str, Any]) -> list[tuple[str, str]]:
    confirmed: dict[bool | None, str] = {
        True: ", confirmed by the device",
        False: ", not confirmed by the device",
    }
    status = told["status"] + confirmed.get(told.get("confirmed"), "")
    rows = [("status", status + (f" ({told['reason']})" if told.get("reason") else ""))]
    rows += [("action", _action(each)) for each in told["actions"]]
    rows += [("route", f"{told['route']}, confidence {told['confidence']:.2f}, language {told['language']}")]
    rows += [("considered", f"{each['score']:.3f}  {each['label']}") for each in told.get("candidates", ())]
    spent = told.get("ms", {})
    if spent:
        stages = ", ".join(f"{stage} {ms:.1f}" for stage, ms in spent.items())
        rows += [("ms", f"{stages}; together {sum(spent.values()):.1f}")]
    return rows


def _action(action: dict[str, Any]) -> str:
    value = action["value"]
    shown = ("on" if value else "off") if isinstance(value, bool) else "" if value is None else value
    return f"{action['device']}.{action['capability']} = {shown}"
