"""Secrets: by the path a setting names, or as a credential of the service (systemd's LoadCredential=)."""

from collections.abc import Mapping
from pathlib import Path

from runtime.errors import ConfigError

_MOST_BYTES = 4096


def find_secret(name: str, configured: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The file a secret is in: the configured one, else $CREDENTIALS_DIRECTORY/<name> if that exists."""
    if configured is not None:
        return configured
    if directory := environ.get("CREDENTIALS_DIRECTORY"):
        credential = Path(directory) / name
        return credential if credential.exists() else None
    return None


def read_secret(path: Path) -> str:
    """The secret, without the newline an editor adds.

    Raises:
        ConfigError: cannot be read, is empty, too long or not text; the secret is never in the message.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as exc:
        raise ConfigError(
            f"the secret in {path} cannot be read ({exc.strerror}); check the path and who may read it"
        ) from exc
    if len(data) > _MOST_BYTES:
        raise ConfigError(
            f"{path} is longer than {_MOST_BYTES} bytes, which no secret is; name the right file"
        )
    try:
        secret = data.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text; write the secret into it as text") from None
    if not secret or not secret.isprintable():
        raise ConfigError(f"{path} must hold one line of text, the secret, and nothing else")
    return secret
