"""The commands of the appliance itself. One file each in `runtime.console`; what is heavy is imported when one runs."""

import click

from runtime.console.bench import bench
from runtime.console.chat import chat
from runtime.console.command import command
from runtime.console.config import config
from runtime.console.doctor import doctor
from runtime.console.encoding import classify, embed
from runtime.console.evaluate import evaluate
from runtime.console.key import key
from runtime.console.listen import listen
from runtime.console.run import run
from runtime.console.say import say
from runtime.console.serve import serve
from runtime.console.transcribe import transcribe
from runtime.console.voice_test import voice_test


@click.group()
def commands() -> None:
    """Run models, serve them, look after the appliance."""


for each in (
    run,
    chat,
    command,
    serve,
    key,
    bench,
    config,
    doctor,
    embed,
    classify,
    evaluate,
    transcribe,
    say,
    listen,
    voice_test,
):
    commands.add_command(each)
