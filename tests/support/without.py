"""A copy of the package `models` that loses one architecture after another; a process of its own, run by a test.

`python -m tests.support.without COPY`, with COPY before everything else on the path, prints a JSON object: what is
built and what the catalogue offers without each of the modules, by the module's name.
"""

import importlib
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory


def main() -> None:
    """Take each file away, ask what is left, build some of it, put the file back."""
    sys.dont_write_bytecode = True
    folder = Path(sys.argv[1]) / "models" / "arch"
    shared = importlib.import_module("models.arch").SHARED
    files = [path for path in folder.glob("*.py") if path.stem not in shared | {"__init__"}]
    print(json.dumps({path.stem: _without(path) for path in sorted(files)}))


def _without(file: Path) -> dict[str, list[str]]:
    source = file.read_bytes()
    file.unlink()
    try:
        for name in [name for name in sys.modules if name.split(".")[0] == "models"]:
            del sys.modules[name]
        sys.modules.pop("tests.support.tiny", None)
        importlib.invalidate_caches()
        built = importlib.import_module("models.arch").ARCHITECTURES
        offered = importlib.import_module("models.catalogue").offered(built)
        with TemporaryDirectory() as into:
            variant = "qwen2" if file.stem == "llama" else "llama-tied"
            importlib.import_module("tests.support.tiny").tiny_bundle(Path(into) / "b", variant=variant)
    finally:
        file.write_bytes(source)
    return {"built": sorted(built), "offered": sorted(offered)}


if __name__ == "__main__":
    main()
