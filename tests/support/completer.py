"""A completer whose engine plays a script: what front ends stand on, without a model."""

from runtime.completion import Completer, Wording
from runtime.completion.prompting import reserved
from runtime.limits import Limits
from runtime.text.chat import ChatTemplate
from runtime.text.tokenizer import Tokenizer
from runtime.text.tools import dialect
from tests.support.engine import EngineSimulator
from tests.support.text import CHATML, byte_level


def scripted_completer(engine: EngineSimulator, limits: Limits, template: str = CHATML) -> Completer:
    """Real tokenizer and template in front of a simulated engine."""
    own = reserved(dialect(engine.manifest.tool_dialect), template)
    tokenizer = Tokenizer(byte_level(), own)
    return Completer(engine, Wording.of(tokenizer, ChatTemplate(template), engine.manifest, limits), limits)
