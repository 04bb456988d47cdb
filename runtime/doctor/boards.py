"""Boards that the owner names: whether their ports are there and may be opened, and whether their files read.

Opens none: that resets many a board, whatever runs on it, and takes the line from the appliance.
"""

import os
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from firmware_bridge.ports import Places, device_of, ports
from runtime.boarding import check_addresses
from runtime.config import Config
from runtime.doctor.finding import Finding
from runtime.errors import ConfigError
from runtime.owned import Owned

_SUBJECT: Final = "board"
_SYSTEM: Final = Places()


def examine(config: Config, state: Path) -> Iterator[Finding]:
    """Every finding about boards, and about what the owner wrote down in the house's folder."""
    named = config.bridge.boards
    if not config.commands.enabled:
        if named:
            advice = "set commands.enabled = true, or name no boards"
            yield Finding("warn", _SUBJECT, "bridge.boards names some, and no commands are taken", advice)
        return
    places: dict[str, str] = dict.fromkeys(named, "bridge.boards")
    try:
        owned = Owned.read(config, state)
        check_addresses(config.bridge, owned.boards)
    except ConfigError as exc:
        yield Finding("fail", "house", str(exc), "correct it: the appliance does not start until then")
    else:
        places |= {each.at: f"boards.toml ({each.name})" for each in owned.boards}
    for address, where in places.items():
        yield line(address, where)


def line(
    address: str, where: str, system: Places = _SYSTEM, may: Callable[[Path, int], bool] = os.access
) -> Finding:
    """Whether a line is there; `where` it is named, and whether we `may` open a device."""
    if "://" in address:
        fact = f"{address} is not tried: whoever connects takes the line from who has it"
        return Finding(
            "ok", _SUBJECT, fact, f"if the appliance is off, `ingle bridge monitor {address}` tries it"
        )
    device = device_of(address, system.by_id)
    if not device.exists():
        near = get_close_matches(address, [each.address for each in ports(system)], n=1)
        advice = f"did you mean {near[0]}?" if near else "`ingle bridge list` shows what is plugged in"
        return Finding(
            "fail", _SUBJECT, f"there is no port {device}", f"plug it in, or correct {where}; {advice}"
        )
    if not may(device, os.R_OK | os.W_OK):
        group = _group(device)
        advice = f"sudo usermod -aG {group} $USER, and log in again; systemd's service has its own user"
        return Finding(
            "fail", _SUBJECT, f"{device} may not be opened by this user; group {group} may", advice
        )
    return Finding("ok", _SUBJECT, f"{device} is there, and may be opened")


def _group(device: Path) -> str:
    try:
        return device.group()
    except KeyError:  # one without a name
        return str(device.stat().st_gid)
