"""Granite: 3.x writes a token and then a JSON list, to the end of its answer; 4.0 writes as Hermes does.

Both kinds of template take tools. https://www.ibm.com/granite/docs/models/granite
"""

from typing import Final

from runtime.text.tools.dialect import Dialect, Fence, Written
from runtime.text.tools.json_calls import read_either

DIALECT: Final = Dialect(
    read=read_either,
    fences=(Fence("<|tool_call|>", ""), Fence("<tool_call>", "</tool_call>")),
    reserved=("<tool_response>", "</tool_response>", "<tools>", "</tools>"),
    written=(
        Written("<|tool_call|>", "[", "]", between=", "),
        Written("<tool_call>", "\n", "\n", "</tool_call>"),
    ),
)
