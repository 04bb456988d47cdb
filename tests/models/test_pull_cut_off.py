"""Pulls that end in the middle: killed, interrupted, out of disk, two at once. Real processes, a real tiny Llama."""

import multiprocessing
import os
import random
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from models.store import Store
from tests.support import ingle
from tests.support.model_server import Faults, ModelServer

KILLS = 50
SEED = 20261122
PULL = ("pull", ingle.REFERENCE, *ingle.ACCEPT)
SLOW = Faults(block=4096, delay_s=0.004)


@pytest.fixture
def wheel(server: ModelServer, tmp_path: Path) -> bytes:
    return ingle.offer_tiny_llama(server, tmp_path)


def _unsound(state: Path) -> dict[str, tuple[str, ...]]:
    return {what: problems for what, problems in Store(state / "models").audit().items() if problems}


@pytest.mark.counted
@pytest.mark.usefixtures("wheel")
def test_a_kill_at_any_moment_leaves_a_sound_store_and_the_next_pull_completes(
    server: ModelServer, tmp_path: Path
) -> None:
    server.faults = SLOW
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["models.pull", "models.terminal", "tests.support.ingle"])
    moments, killed = random.Random(SEED), 0

    def pull(state: Path, kill_after_s: float | None) -> tuple[float, int | None]:
        ours, theirs = context.Pipe()
        child = context.Process(
            target=ingle.main_in_child, args=(PULL, ingle.environment(state, server), theirs)
        )
        child.start()
        ours.recv()
        begin = time.monotonic()
        child.join(kill_after_s)
        child.kill()
        child.join()
        return time.monotonic() - begin, child.exitcode

    whole = min(pull(tmp_path / name, None)[0] for name in ("cold", "warm"))
    for number in range(KILLS):
        state = tmp_path / str(number)
        _, status = pull(state, moments.uniform(0, whole))
        killed += status == -signal.SIGKILL
        assert _unsound(state) == {}
        server.faults = Faults()
        _, status = pull(state, None)
        server.faults = SLOW
        assert status == 0
        assert Store(state / "models").resolve(ingle.NAME)
        assert _unsound(state) == {}
        assert list((state / "models" / "staging").iterdir()) == []
        assert list((state / "models" / "downloads").iterdir()) == []
    print(f"seed {SEED}: {killed} of {KILLS} pulls of {whole:.2f} s were killed before they ended")
    assert killed > KILLS // 2


@pytest.mark.usefixtures("wheel")
@pytest.mark.parametrize("sent_signal", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_systemd_keep_what_was_downloaded(
    server: ModelServer, tmp_path: Path, wheel: bytes, sent_signal: signal.Signals
) -> None:
    server.faults = Faults(block=4096, delay_s=0.05)
    process = ingle.start(PULL, ingle.environment(tmp_path / "state", server))
    part = tmp_path / "state/models/downloads/tiny_llama-1.0-py3-none-any.whl.part"
    _wait_until(lambda: part.exists() and part.stat().st_size > 0)
    process.send_signal(sent_signal)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted; what was downloaded is kept" in err
    assert "Traceback" not in err
    assert wheel.startswith(part.read_bytes())
    assert list((tmp_path / "state/models").glob("staging/*")) == []
    sent, server.faults = server.sent, Faults()
    assert ingle.run(PULL, ingle.environment(tmp_path / "state", server)).returncode == 0
    assert server.sent - sent < len(wheel)


@pytest.mark.usefixtures("wheel")
def test_two_processes_pull_at_once_and_fetch_once(server: ModelServer, tmp_path: Path) -> None:
    server.faults = SLOW
    variables = ingle.environment(tmp_path / "state", server)
    processes = [ingle.start(PULL, variables) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(outputs) == ["tiny@1.0 is here already\n", "tiny@1.0 is ready\n"]
    assert len(server.asked_for_files()) == 1
    assert _unsound(tmp_path / "state") == {}


def _limit_file_size() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))


def _without_room(
    arguments: tuple[str, ...], variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """`ingle` where no file may grow."""
    return subprocess.run(
        ingle.command(arguments),
        env=variables,
        capture_output=True,
        text=True,
        preexec_fn=_limit_file_size,
        check=False,
    )


@pytest.mark.usefixtures("wheel")
def test_a_file_system_that_takes_no_more_is_told_and_the_pull_goes_on_later(
    server: ModelServer, tmp_path: Path
) -> None:
    variables = ingle.environment(tmp_path / "state", server)
    done = _without_room(PULL, variables)
    assert done.returncode == 1
    assert "is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert _unsound(tmp_path / "state") == {}
    assert ingle.run(PULL, variables).returncode == 0


@pytest.mark.usefixtures("wheel")
@pytest.mark.parametrize(
    "arguments", [("quantize", ingle.NAME, "--recipe", "int4"), ("verify", ingle.NAME, "--fidelity")]
)
def test_whatever_writes_tells_of_a_full_disk(
    server: ModelServer, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    state = tmp_path / "state"
    variables = ingle.environment(state, server)
    assert ingle.run(PULL, variables).returncode == 0
    done = _without_room(arguments, variables)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert f"error: the disk under {state / 'models'} is full" in done.stderr
    assert _unsound(state) == {}
    assert list((state / "models" / "staging").iterdir()) == []


@pytest.mark.usefixtures("wheel")
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
@pytest.mark.parametrize("kilobytes", [40, 200, 320])
def test_a_full_disk_is_told_and_the_pull_goes_on_once_there_is_room(
    server: ModelServer, tmp_path: Path, kilobytes: int
) -> None:
    """The index hides the size, so that preflight cannot see it coming."""
    page = server.answers["/simple/tiny-llama/"]
    page.body = page.body.replace(b'"size"', b'"sighs"')
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this container may not mount")
    try:
        variables = ingle.environment(disk / "state", server)
        done = ingle.run(PULL, variables)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
        assert "full" in done.stderr or "of disk but" in done.stderr
        assert _unsound(disk / "state") == {}
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert ingle.run(PULL, variables).returncode == 0
        assert _unsound(disk / "state") == {}
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)
