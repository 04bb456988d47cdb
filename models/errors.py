"""What can go wrong with a model, each sentence saying what to do next. Stdlib only."""


class ModelError(Exception):
    """About a model, its weights or its bundle; the message is one sentence for the person at the keyboard."""


class ManifestError(ModelError, ValueError):
    """A manifest that cannot be read as this version's contract."""


class NewerManifestError(ManifestError):
    """A manifest that a later inglenook wrote: nothing is known to be wrong with it."""


class UnknownModelError(ModelError, ValueError):
    """A model reference that names nothing we know how to find."""


class WeightsError(ModelError, ValueError):
    """A weights file that is truncated, corrupt, or of a kind we do not read."""


class ArchitectureError(ModelError, ValueError):
    """An architecture, or a feature of one, that we do not build."""


class ChatTemplateError(ModelError, ValueError):
    """A chat template that fails on a plain conversation, and so on every one."""


class QuantizationError(ModelError, ValueError):
    """A quantisation that does not exist or that onnxruntime would run on its slow path."""


class GraphError(ModelError):
    """A graph that onnxruntime does not load, or fails to run."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"onnxruntime cannot run {name!r} ({reason}); pull it again with --force, or with another --recipe"
        )
        self.reason = reason
        """Onnxruntime's own words."""


class ExportError(ModelError):
    """A model that could not be turned into a bundle by way of optimum, or optimum is not installed."""


class FetchError(ModelError, OSError):
    """Weights could not be fetched; what was fetched so far is kept for the next try unless its hash is wrong."""


class PreflightError(ModelError):
    """The machine cannot hold or run this model, or its licence is not accepted; said before the first byte."""


class PolicyError(ModelError):
    """The owner's policy rules out the licence of a model: it is neither fetched nor run here."""


class StoreError(ModelError):
    """A bundle that is missing, incomplete or altered."""


class NewerBundleError(StoreError):
    """A bundle that a later inglenook built: nothing is known to be wrong with it."""
