"""From a model's name to something that completes: the store, the engine, the tokenizer. Seconds of blocking work.

Everything heavy is imported here and not before. What is loaded has passed the owner's policy.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

from models.licences.policy import enforce
from models.store import Bundle, Store
from runtime.completion import Completer, Wording
from runtime.config import Config
from runtime.encoding import TextEncoder
from runtime.engine.engine import OnnxEngine
from runtime.engine.turns import Turns

_PREFIXES: Final = "prefixes"


def find_bundle(config: Config, state: Path) -> Bundle:
    """The configured model in the store of `state`.

    Raises:
        StoreError: it is not on this machine.
        PolicyError: its licence is one that the owner's policy rules out.
    """
    bundle = Store.below(state).resolve(config.model.name)
    enforce(config.policy, bundle.manifest.licence, bundle.reference)
    return bundle


def load_completer(
    bundle: Bundle, config: Config, state: Path, *, prepare: bool = False, turns: Turns | None = None
) -> Completer:
    """Load a bundle, and what the state directory keeps of prompts. The caller closes the completer's engine.

    With `prepare` nothing of it is left to be done when the first form is asked for; `turns` are shared by all engines.

    Raises:
        BundleError: the bundle cannot be loaded, or is not what its manifest says.
    """
    limits = config.limits if config.engine.guess_ahead else replace(config.limits, draft_tokens=0)
    # onnxruntime lets Python run while it reads the graph: a second core has the rest done by then.
    with ThreadPoolExecutor(1, "load.engine") as aside:
        loading = aside.submit(
            OnnxEngine.load,
            bundle.path,
            bundle.manifest,
            limits=limits,
            threads=config.engine.threads,
            prefixes=state / _PREFIXES if config.engine.prefix_files else None,
            turns=turns,
        )
        try:
            wording = Wording.load(bundle.path, bundle.manifest, config.limits)
            if prepare:
                wording.grammars.prepare()
        except BaseException:
            loading.result().stop()  # or the engine's own refusal, which is nearer to the cause
            raise
        return Completer(loading.result(), wording, config.limits, move_times=config.engine.move_times)


class Loader:
    """Loads for a process that stays: engines take turns on its cores, and the first answer is as fast as any."""

    def __init__(self, config: Config, state: Path, turns: Turns | None = None) -> None:
        """`turns` are shared with what else computes on the same cores."""
        self._config = config
        self._state = state
        self._turns = turns or Turns()

    def load(self, bundle: Bundle) -> Completer | TextEncoder:
        """A bundle of any task, in memory. The caller closes a completer's engine.

        Raises:
            BundleError: it cannot be loaded, or is not what its manifest says.
        """
        if bundle.manifest.task == "generate":
            return load_completer(bundle, self._config, self._state, prepare=True, turns=self._turns)
        return TextEncoder.load(
            bundle, bundle.manifest.task, threads=self._config.engine.threads, turns=self._turns
        )
