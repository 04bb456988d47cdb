"""Tools, calls and results in plain words, for models whose chat templates take none. Turns in, turns out."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from runtime.text.tools.dialect import Turn


def worded(
    turns: Sequence[Turn],
    instruction: str,
    *,
    call: Callable[[list[dict[str, Any]]], str],
    result: Callable[[str], str],
) -> list[Turn]:
    """The same conversation with nothing but role and content in it.

    Args:
        turns: As chat templates take them.
        instruction: What the system is told of the tools; "" without tools.
        call: From a turn's calls, each a name and arguments, to words.
        result: From a tool's result to words, which the user then says.
    """
    said = [{"role": "system", "content": instruction}] if instruction else []
    for turn in turns:
        role, content = turn["role"], turn["content"]
        if calls := [each["function"] for each in turn.get("tool_calls", ())]:
            content = "\n".join(filter(None, [content, call(calls)]))
        elif role == "tool":
            role, content = "user", result(content)
        said.append({"role": role, "content": content})
    return list(_joined(said))


def _joined(turns: Iterable[dict[str, str]]) -> Iterable[Turn]:
    """Neighbours of one role as one turn: many templates want roles to alternate."""
    last: dict[str, str] | None = None
    for turn in turns:
        if last is not None and last["role"] == turn["role"]:
            last = {"role": last["role"], "content": f"{last['content']}\n\n{turn['content']}"}
            continue
        if last is not None:
            yield last
        last = turn
    if last is not None:
        yield last


def compact(value: object) -> str:
    """JSON on one line, as people write it."""
    return json.dumps(value, ensure_ascii=False)
