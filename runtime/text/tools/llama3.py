"""Llama 3.1 and 3.2 with JSON tools: an answer that is one object, or one after the token for programs.

What the object holds is called `parameters`. Without the token an answer in JSON cannot be told from a call before
its end, so it is held until then. https://www.llama.com/docs/model-cards-and-prompt-formats/llama3_1
"""

from functools import partial
from typing import Final

from runtime.text.tools.dialect import Dialect, Fence, Written
from runtime.text.tools.json_calls import read_object

DIALECT: Final = Dialect(
    read=partial(read_object, arguments="parameters"),
    fences=(Fence("<|python_tag|>", ""),),
    openings=("{",),
    written=(Written(arguments="parameters"),),
)
