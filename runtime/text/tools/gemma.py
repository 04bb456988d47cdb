"""Gemma 3, which has no marks for calls: it writes what it is told to write, so it is told.

Of the ways that Google's guide shows we ask for JSON, because it can hold any name and value; Python in a `tool_code`
block, which the models know as well, is read too. Either has to be the whole answer: a block amid text may be an
example. The template takes no tools and no role but two, so results come from the user, as `tool_output`.
FunctionGemma has marks, and is not this dialect. https://ai.google.dev/gemma/docs/capabilities/function-calling
"""

from collections.abc import Sequence
from typing import Any, Final

from runtime.text.tools.dialect import Dialect, Turn, Written, declared
from runtime.text.tools.json_calls import read_either
from runtime.text.tools.python_calls import read_calls
from runtime.text.tools.values import Call, NotACallError, Tool
from runtime.text.tools.worded import compact, worded

_FENCE: Final = "```"
_KINDS: Final = frozenset({"json", "tool_code"})

_PROMPT: Final = """\
You can call functions. To call one, answer with one JSON object and no other text:
{{"name": function name, "parameters": object of parameter names and values}}
To call several, answer with a list of such objects. When no function helps, answer in plain words.
The functions:
{tools}"""


def _read(answer: str) -> Sequence[Call]:
    kind, text = _opened(answer) if answer.startswith(_FENCE) else ("json", answer)
    text = text.strip()
    if kind == "tool_code" and not text.startswith(("{", "[{")):
        return read_calls(text if text.startswith("[") else f"[{text}]")
    return read_either(text, arguments="parameters")


def _opened(block: str) -> tuple[str, str]:
    """The kind of a block, and what stands in it."""
    first, _, rest = block.partition("\n")
    text, _, last = rest.rpartition("\n")
    kind = first.removeprefix(_FENCE).rstrip()
    if kind not in _KINDS or last.strip() != _FENCE:
        raise NotACallError("it is not one block and nothing else")
    return kind, text


def _tell(turns: Sequence[Turn], tools: Sequence[Tool]) -> Sequence[Turn]:
    functions = "\n".join(compact(declared(tool)["function"]) for tool in tools)
    prompt = _PROMPT.format(tools=functions) if tools else ""
    return worded(turns, prompt, call=_call, result="```tool_output\n{}\n```".format)


def _call(calls: list[dict[str, Any]]) -> str:
    written = [{"name": each["name"], "parameters": each["arguments"]} for each in calls]
    return compact(written[0] if len(written) == 1 else written)


DIALECT: Final = Dialect(
    read=_read,
    openings=("{", "[", "```json", "```tool_code"),
    tell=_tell,
    written=(Written(arguments="parameters"),),
)
