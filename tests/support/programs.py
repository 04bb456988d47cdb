"""Programs that a test writes, to stand where a real one would: slow ones, loud ones, ones that fail."""

from pathlib import Path


def program(folder: Path, name: str, script: str) -> str:
    """The path of a shell script of that name."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)
