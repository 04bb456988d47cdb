"""SmolLM2 1.7B: a JSON list between two tags, which are letters here, not tokens.

The template takes no tools: the model was trained on the system prompt below, word for word.
https://huggingface.co/HuggingFaceTB/SmolLM2-1.7B-Instruct (Apache-2.0), instructions_function_calling.md
"""

from collections.abc import Sequence
from typing import Any, Final

from runtime.text.tools.dialect import Dialect, Fence, Turn, Written, declared
from runtime.text.tools.json_calls import read_list
from runtime.text.tools.values import Tool
from runtime.text.tools.worded import compact, worded

_PROMPT: Final = """\
You are an expert in composing functions. You are given a question and a set of possible functions. 
Based on the question, you will need to make one or more function/tool calls to achieve the purpose. 
If none of the functions can be used, point it out and refuse to answer. 
If the given question lacks the parameters required by the function, also point it out.

You have access to the following tools:
<tools>{tools}</tools>

The output MUST strictly adhere to the following format, and NO other text MUST be included.
The example format is as follows. Please make sure the parameter type is correct. \
If no function call is needed, please make the tool calls an empty list '[]'.
<tool_call>[
{{"name": "func_name1", "arguments": {{"argument1": "value1", "argument2": "value2"}}}},
... (more tool calls as required)
]</tool_call>"""  # noqa: W291  the blanks at the ends of lines are part of what it was trained on


def _tell(turns: Sequence[Turn], tools: Sequence[Tool]) -> Sequence[Turn]:
    prompt = _PROMPT.format(tools=compact([declared(tool) for tool in tools])) if tools else ""
    return worded(turns, prompt, call=_call, result="<tool_response>\n{}\n</tool_response>".format)


def _call(calls: list[dict[str, Any]]) -> str:
    listed = ",\n".join(compact({"name": each["name"], "arguments": each["arguments"]}) for each in calls)
    return f"<tool_call>[\n{listed}\n]</tool_call>"


DIALECT: Final = Dialect(
    read=read_list,
    fences=(Fence("<tool_call>", "</tool_call>"),),
    tell=_tell,
    written=(Written("<tool_call>", "[\n", "\n]", "</tool_call>", between=",\n"),),
)
