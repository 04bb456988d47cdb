"""`ingle serve`: the appliance in the foreground."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runtime.console.options import config_option, configured, model_option, state_option

if TYPE_CHECKING:
    from runtime.app import Login, Started
    from runtime.config import Broker

_QUESTION = "What is the capital of France?"
_COMMAND = "turn on the light"


@click.command()
@click.option("--host", help="Address to listen on; anything but loopback asks callers for a key.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@model_option
@config_option
@state_option
def serve(
    host: str | None, port: int | None, model: str | None, config_file: Path | None, state: Path
) -> None:
    """Answer over HTTP and MQTT until told to stop."""
    config = configured(config_file, server__host=host, server__port=port, model__name=model).config

    import asyncio  # noqa: PLC0415  see runtime.console

    from runtime import app, log  # noqa: PLC0415  see runtime.console

    log.log_to_stderr(config.logging.level)
    asyncio.run(
        app.serve(
            config,
            state=state,
            announce=lambda started: click.echo(greeting(started)),
            config_file=config_file,
        )
    )


def greeting(started: "Started") -> str:
    """Where to look, and what to try."""
    from runtime.listener import address  # noqa: PLC0415  see runtime.console

    url = address(started.host, started.port, tls=started.certificate is not None)
    key = "" if started.key is None else f' -H "authorization: Bearer $(cat {shlex.quote(str(started.key))})"'
    trust = "" if started.certificate is None else f" --cacert {shlex.quote(str(started.certificate))}"
    body = f'{{"messages":[{{"role":"user","content":"{_QUESTION}"}}]}}'
    about = [f"version {started.version}", *([f"cache in {started.kv}"] if started.kv else [])]
    lines = [
        f"Inglenook answers as {started.model} ({', '.join(about)}). Look at {url}/ or try:",
        f'  ingle run "{_QUESTION}"',
        f"  curl -s{trust} {url}/v1/chat/completions{key} -H 'content-type: application/json' -d '{body}'",
    ]
    if started.commands:
        lines.append(f'  ingle command "{_COMMAND}"')
    if started.broker is not None:
        to, topics = _reached(started.broker, started.login), started.topics
        lines += [
            f"  mosquitto_sub {to} -t {topics.result} -C 1 &",
            f"""  mosquitto_pub {to} -t {topics.chat} -m '{{"id": "1", "prompt": "{_QUESTION}"}}'""",
        ]
        if started.commands:
            lines += [
                f"  mosquitto_sub {to} -t {topics.command_result} -C 1 &",
                f'  mosquitto_pub {to} -q 1 -t {topics.command} -m "{_COMMAND}"',
            ]
    if started.certificate is not None:
        lines.append(f"TLS with {started.certificate}, SHA-256 {started.fingerprint}")
    if started.key is not None:
        lines.append(f"Callers must show the key in {started.key}.")
    return "\n".join(lines)


def _reached(broker: "Broker", login: "Login") -> str:
    """Options of mosquitto's clients that lead to the broker; a password is named by its file."""
    words = ["-h", broker.host, "-p", str(broker.port)]
    if broker.tls:
        words += ["--tls-use-os-certs"] if login.ca_file is None else ["--cafile", str(login.ca_file)]
    for option, value in (("--cert", login.cert_file), ("--key", login.key_file or login.cert_file)):
        words += [] if login.cert_file is None else [option, str(value)]
    words += [] if login.username is None else ["-u", login.username]
    password = login.password_file
    secret = "" if password is None else f' -P "$(cat {shlex.quote(str(password))})"'
    return shlex.join(words) + secret
