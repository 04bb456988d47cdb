"""A completer whose engine plays a script: what front ends stand on, without a model."""

from runtime.completion import Completer
from runtime.limits import Limits
from runtime.text.chat import ChatTemplate
from runtime.text.tokenizer import Tokenizer
from tests.support.engine import EngineSimulator
from tests.support.text import CHATML, byte_level


def scripted_completer(engine: EngineSimulator, limits: Limits) -> Completer:
    """Real tokenizer and template in front of a simulated engine."""
    return Completer(engine, Tokenizer(byte_level()), ChatTemplate(CHATML), limits)
