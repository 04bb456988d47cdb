"""From a model's name to something that completes: the store, the engine, the tokenizer. Seconds of blocking work.

Everything heavy is imported here and not before.
"""

from models.store import Bundle
from runtime.completion import Completer
from runtime.config import Config
from runtime.engine.engine import OnnxEngine


def load_completer(bundle: Bundle, config: Config) -> Completer:
    """Load a bundle. The caller closes the completer's engine.

    Raises:
        BundleError: the bundle cannot be loaded, or is not what its manifest says.
    """
    engine = OnnxEngine.load(
        bundle.path, bundle.manifest, limits=config.limits, threads=config.engine.threads
    )
    return Completer.load(bundle.path, bundle.manifest, engine, config.limits)
