"""The policy file: the owner's rules as they are written down. Strict to the last key."""

import re
import tomllib
from dataclasses import dataclass, field
from datetime import time
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Literal

from models.strict import MisfitError, load
from runtime.commands.policy.scope import Scope
from runtime.commands.policy.settings import DAYS, Client, PolicySettings, Quiet, Rates
from runtime.commands.registry.devices import Kind
from runtime.errors import ConfigError

_MIDNIGHT: Final = time(0)
_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_ANY: Final = ("*",)
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _ScopeTable:
    devices: tuple[str, ...] = _ANY
    areas: tuple[str, ...] = _ANY
    kinds: tuple[str, ...] = _ANY
    capabilities: tuple[str, ...] = _ANY
    values: tuple[str, ...] = _ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class _QuietTable(_ScopeTable):
    start: str | time
    end: str | time
    days: tuple[Day, ...] = DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class _ClientTable(_ScopeTable):
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _PolicyTable:
    dangerous: tuple[_ScopeTable, ...] = ()
    quiet: tuple[_QuietTable, ...] = ()
    clients: tuple[_ClientTable, ...] = ()
    rates: Rates = field(default_factory=Rates)


def policy_file(path: Path) -> PolicySettings:
    """Read a policy file.

    Raises:
        ConfigError: it cannot be read, is no TOML, or says what cannot be; says where.
    """
    try:
        return _settings(tomllib.loads(path.read_bytes().decode("utf-8-sig")))
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read ({exc.strerror}); name another policy file") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path} is not UTF-8 text; save it as UTF-8") from exc
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise ConfigError(f"{path} is not valid TOML: {exc}") from exc
    except MisfitError as exc:
        raise ConfigError(f"{path}: {exc}") from exc


def _settings(raw: dict[str, object]) -> PolicySettings:
    table = load(_PolicyTable, raw)
    for name in ("device_per_minute", "client_per_minute"):
        if getattr(table.rates, name) < 0:
            raise MisfitError(f"rates.{name} is below zero; 0 is without a limit")
    return PolicySettings(
        dangerous=tuple(_scope(each, f"dangerous[{i}]") for i, each in enumerate(table.dangerous)),
        quiet=tuple(_quiet(each, f"quiet[{i}]") for i, each in enumerate(table.quiet)),
        clients=tuple(
            Client(each.name, (_scope(each, f"clients[{i}]"),)) for i, each in enumerate(table.clients)
        ),
        rates=table.rates,
    )


def _quiet(table: _QuietTable, where: str) -> Quiet:
    start, end = _time(table.start, f"{where}.start"), _time(table.end, f"{where}.end")
    if start == end != _MIDNIGHT:
        raise MisfitError(f"{where} ends when it starts; for a whole day take 00:00 and 00:00")
    if not table.days:
        raise MisfitError(f"{where}.days is empty; leave it out for every day")
    return Quiet(start, end, _scope(table, where), table.days)


def _time(said: str | time, where: str) -> time:
    if isinstance(said, time):
        return said
    match = _TIME.fullmatch(said)
    if match is None:
        raise MisfitError(f"{where} is {said[:20]!r}, and must be a time of day such as '22:00'")
    return time(int(match[1]), int(match[2]))


def _scope(table: _ScopeTable, where: str) -> Scope:
    scope = Scope(table.devices, table.areas, table.kinds, table.capabilities, table.values)
    for name in Scope.__dataclass_fields__:
        if not getattr(scope, name):
            raise MisfitError(f"{where}.{name} is empty and would fit nothing; leave it out for everything")
    for each in scope.kinds:
        if not any(fnmatchcase(kind, each) for kind in Kind):
            near = get_close_matches(each, tuple(Kind), n=1)
            advice = f"did you mean {str(near[0])!r}?" if near else f"there are {', '.join(Kind)}"
            raise MisfitError(f"{where}.kinds has {each[:40]!r}, which is no kind; {advice}")
    return scope
