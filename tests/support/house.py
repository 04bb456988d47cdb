"""A state directory with a model in it, and `ingle` as a program of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from models.store import Bundle, Store
from tests.support.tiny import tiny_bundle


def furnish(state: Path, name: str = "tiny", *, converses: bool = True) -> Bundle:
    """Put the tiny model into the store of a state directory, under some name."""
    store = Store(state / "models")
    with store.staging() as room:
        return store.add(room / "tiny", tiny_bundle(room / "tiny", name=name, converses=converses))


def lend(state: Path, bundle: Bundle) -> Bundle:
    """Put a copy of a model that was fetched into the store of a state directory."""
    store = Store(state / "models")
    with store.staging() as room:
        shutil.copytree(bundle.path, room / "lent")
        return store.add(room / "lent", bundle.manifest)


def environment(state: Path, **settings: str) -> dict[str, str]:
    """The environment of a process that lives in `state` alone and takes free ports."""
    own = {
        "INGLENOOK_STATE": str(state),
        "INGLE_MODEL_NAME": "tiny",
        "INGLE_SERVER_PORT": "0",
        "INGLE_MQTT_EMBEDDED_PORT": "0",
        "HOME": str(state),
        "PATH": os.environ["PATH"],
        "PYTHONUNBUFFERED": "1",
    }
    return own | settings


def ingle(
    *arguments: str, environ: Mapping[str, str], stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run `ingle` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "runtime", *arguments],
        input=stdin,
        env=environ,
        capture_output=True,
        check=False,
        timeout=60,
    )
