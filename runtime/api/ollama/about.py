"""What Ollama's clients are told of a model. A bundle in, fields out; reads the bundle's small files and no others."""

from typing import Any

from models.bundle import Bundle
from models.manifest import TEMPLATE_NAME
from runtime.api.ollama.names import theirs
from runtime.api.ollama.wire import moment
from runtime.errors import BundleError
from runtime.text.thinking import Thinking


def listed(bundle: Bundle) -> dict[str, Any]:
    """A row of /api/tags."""
    return {**named(bundle), "modified_at": modified(bundle), "capabilities": capabilities(bundle)}


def named(bundle: Bundle) -> dict[str, Any]:
    """What a list says of a model, be it on disk or in memory."""
    name = theirs(bundle.manifest.name)
    return {
        "name": name,
        "model": name,
        "size": bundle.size,
        "digest": bundle.digest,
        "details": details(bundle),
    }


def details(bundle: Bundle) -> dict[str, Any]:
    """What kind of model it is."""
    manifest = bundle.manifest
    return {
        "parent_model": "",
        "format": "onnx",
        "family": manifest.architecture,
        "families": [manifest.architecture],
        "parameter_size": _rounded(manifest.parameters),
        "quantization_level": _level(bundle),
    }


def capabilities(bundle: Bundle) -> list[str]:
    """Ollama's words for what it can do.

    Raises:
        BundleError: its chat template cannot be read.
    """
    manifest = bundle.manifest
    if manifest.task != "generate":
        return ["embedding"] if manifest.task == "embed" else []
    tools = ["tools"] if manifest.tool_dialect != "none" else []
    thinking = ["thinking"] if Thinking.of(template(bundle)) is not None else []
    return ["completion", *tools, *thinking]


def template(bundle: Bundle) -> str:
    """Its chat template, in Jinja; empty for an encoder, and for a model that does not converse.

    Raises:
        BundleError: it cannot be read.
    """
    if bundle.manifest.task != "generate":
        return ""
    try:
        return (bundle.path / TEMPLATE_NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""  # removed since it was listed
    except (OSError, UnicodeDecodeError) as exc:
        raise BundleError(f"{bundle.reference} cannot be read ({exc}); pull the model again") from exc


def modified(bundle: Bundle) -> str:
    """When it came to this machine."""
    try:
        return moment(bundle.path.stat().st_mtime)
    except FileNotFoundError:  # removed since it was listed
        return moment(0.0)


def _rounded(count: int) -> str:
    """134515008 is 134.5M."""
    for unit, scale in (("B", 10**9), ("M", 10**6), ("K", 10**3)):
        if count >= scale:
            return f"{count / scale:.1f}{unit}"
    return str(count)


def _level(bundle: Bundle) -> str:
    """How most of the weights are stored."""
    by_group = {row.group: row.scheme for row in bundle.manifest.quantization}
    return next(
        (by_group[group] for group in ("mlp", "matrices", "attention", "head") if group in by_group), ""
    )
