"""`ingle export` as a program of its own."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.encoders import weights
from tests.support.house import environment, ingle


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (
            ("tiny", "--task", "feature-extraction"),
            "'tiny' cannot be exported; give hf:ORG/REPO or a directory",
        ),
        (("hf:org/repo#a.gguf", "--task", "feature-extraction"), "cannot be exported"),
        (("wheel:a==1#b", "--task", "feature-extraction"), "cannot be exported"),
        (("hf:org/repo", "--task", "translation"), "'translation' is not one of"),
        (("hf:org/repo", "--task", "text-classification", "--pooling", "cls"), "--pooling goes with"),
        (("hf:org/repo",), "Missing option '--task'"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, tuple) else "",
)
def test_what_cannot_be_exported_is_refused(tmp_path: Path, arguments: tuple[str, ...], part: str) -> None:
    done = ingle("export", *arguments, environ=environment(tmp_path))
    assert done.returncode != 0
    assert part in done.stderr.decode()


@pytest.mark.skipif(find_spec("optimum") is not None, reason="the extra `export` is installed")
def test_without_the_extra_it_says_how_to_install_it(tmp_path: Path) -> None:
    done = ingle("export", "hf:org/repo", "--task", "feature-extraction", environ=environment(tmp_path))
    assert done.returncode == 1
    assert done.stderr.decode().count("\n") == 1
    assert "pip install 'inglenook[export]'" in done.stderr.decode()


@pytest.mark.skipif(
    find_spec("optimum") is None, reason="the extra `export` is not installed; script/test-export does"
)
def test_a_directory_becomes_a_bundle_that_answers(tmp_path: Path) -> None:
    environ = environment(tmp_path)
    accept = ("--accept-licence", "LicenseRef-unknown")
    source = str(weights("classify"))
    made = ingle(
        "export", source, "--task", "text-classification", "--name", "tiny", *accept, environ=environ
    )
    assert made.returncode == 0, made.stderr.decode()
    assert made.stdout.decode().endswith("-classify is ready\n")
    assert "Warning" not in made.stderr.decode()
    answered = ingle("classify", "tiny", "turn off the lamp", environ=environ)
    assert answered.stdout.decode().split("  ")[1] in {"command", "question", "neither"}
    again = ingle("verify", "tiny", "--fidelity", "--weights", source, environ=environ)
    assert "fidelity reproduced: cosine 0.99" in again.stdout.decode(), again.stderr.decode()


@pytest.mark.skipif(
    find_spec("optimum") is None, reason="the extra `export` is not installed; script/test-export does"
)
def test_the_owners_policy_holds_here_too(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('[policy]\nrefuse = ["unknown"]\n', encoding="utf-8")
    environ = environment(tmp_path, INGLENOOK_CONFIG=str(tmp_path / "own.toml"))
    accept = ("--accept-licence", "LicenseRef-unknown")
    source = str(weights("classify"))
    done = ingle("export", source, "--task", "text-classification", *accept, environ=environ)
    assert done.returncode == 1
    assert "policy.refuse" in done.stderr.decode()
