"""What a model is there for, in words, and the command that has it do so."""

from models.manifest import Manifest


def purpose(manifest: Manifest) -> str:
    """What a sentence says behind a model's name and "is there to"."""
    return "write down speech" if manifest.task == "transcribe" else f"{manifest.task} texts"


def command(manifest: Manifest) -> str:
    """What one types to use it."""
    match manifest.task:
        case "generate":
            return f"ingle run --model {manifest.name}"
        case "transcribe":
            return f"ingle transcribe FILE --model {manifest.name}"
        case task:
            return f"ingle {task} {manifest.name}"
