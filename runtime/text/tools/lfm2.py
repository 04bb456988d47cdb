"""LFM2 and LFM2.5: a list of calls in Python between two tokens. Their templates take tools.

https://docs.liquid.ai/lfm/key-concepts/tool-use
"""

from typing import Final

from runtime.text.tools.dialect import Dialect, Fence, Written
from runtime.text.tools.python_calls import read_calls

DIALECT: Final = Dialect(
    read=read_calls,
    fences=(Fence("<|tool_call_start|>", "<|tool_call_end|>"),),
    reserved=("<|tool_list_start|>", "<|tool_list_end|>", "<|tool_response_start|>", "<|tool_response_end|>"),
    written=(Written("<|tool_call_start|>", "[", "]", "<|tool_call_end|>", between=", "),),
    pythonic=True,
)
