"""What the commands of `ingle bridge` share: errors in a sentence."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

import click

_T = TypeVar("_T")


def run(work: Coroutine[object, object, _T]) -> _T:
    """Run it to its end, with the errors of this package in a sentence."""
    from firmware_bridge.errors import BridgeError  # noqa: PLC0415  only when a command runs

    try:
        return asyncio.run(work)
    except BridgeError as exc:
        raise click.ClickException(str(exc)) from exc
