"""Hermes, which Qwen2.5, Qwen3, SmolLM3 and Falcon-H1 speak: one JSON object between two tags, once for each call.

Their templates take tools, calls and results. https://github.com/NousResearch/Hermes-Function-Calling
"""

from typing import Final

from runtime.text.tools.dialect import Dialect, Fence, Written
from runtime.text.tools.json_calls import read_object

DIALECT: Final = Dialect(
    read=read_object,
    fences=(Fence("<tool_call>", "</tool_call>"),),
    reserved=("<tool_response>", "</tool_response>", "<tools>", "</tools>"),
    written=(Written("<tool_call>", "\n", "\n", "</tool_call>"),),
)
