import hashlib
import random
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import FetchError
from models.sources import web
from models.sources.download import Remote, Retry, download
from models.sources.interface import Progress, Step
from tests.support.model_server import Answer, Faults, ModelServer
from tests.support.small_bundle import quiet

BODY = random.Random(1).randbytes(1_000_000)
SHA256 = hashlib.sha256(BODY).hexdigest()
QUICK = Retry(attempts=3, pause_s=0.001, timeout_s=5)


@pytest.fixture
def remote(server: ModelServer) -> Remote:
    server.answers["/files/weights"] = Answer(BODY)
    return Remote(f"{server.url}/files/weights", "weights", len(BODY), SHA256)


def test_a_file_arrives_whole_and_its_progress_is_told(remote: Remote, tmp_path: Path) -> None:
    events: list[Progress | Step] = []
    assert download(remote, tmp_path / "w", events.append, QUICK) == SHA256
    assert (tmp_path / "w").read_bytes() == BODY
    assert not (tmp_path / "w.part").exists()
    assert events[0] == Progress(0, len(BODY), "weights")
    assert events[-1] == Progress(len(BODY), len(BODY), "weights")


def test_a_file_that_is_there_is_not_asked_for(server: ModelServer, remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(BODY)
    download(remote, tmp_path / "w", quiet, QUICK)
    assert server.requests == []


def test_a_dropped_connection_is_taken_up_where_it_broke(
    server: ModelServer, remote: Remote, tmp_path: Path
) -> None:
    server.faults = Faults(drop_after=300_000, drops=3)
    download(remote, tmp_path / "w", quiet, QUICK)
    assert (tmp_path / "w").read_bytes() == BODY
    assert [headers.get("Range") for _, headers in server.requests] == [
        None,
        "bytes=300000-",
        "bytes=600000-",
        "bytes=900000-",
    ]
    assert server.sent == len(BODY)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drop=st.integers(1, 400_000), ignore=st.booleans(), wrong=st.booleans(), chunked=st.booleans())
def test_any_mixture_of_faults_ends_whole_or_keeps_a_true_beginning(
    server: ModelServer,
    remote: Remote,
    tmp_path: Path,
    *,
    drop: int,
    ignore: bool,
    wrong: bool,
    chunked: bool,
) -> None:
    server.faults = Faults(drop_after=drop, drops=4, ignore_range=ignore, wrong_range=wrong, chunked=chunked)
    for path in tmp_path.iterdir():
        path.unlink()
    try:
        download(remote, tmp_path / "w", quiet, QUICK)
    except FetchError:
        assert BODY.startswith((tmp_path / "w.part").read_bytes())
        assert not (tmp_path / "w").exists()
    else:
        assert (tmp_path / "w").read_bytes() == BODY


def test_a_server_that_ignores_ranges_is_read_again_from_the_start(
    server: ModelServer, remote: Remote, tmp_path: Path
) -> None:
    server.faults = Faults(drop_after=300_000, drops=1, ignore_range=True)
    download(remote, tmp_path / "w", quiet, QUICK)
    assert (tmp_path / "w").read_bytes() == BODY
    assert server.sent == 300_000 + len(BODY)


def test_a_later_process_goes_on_where_an_earlier_one_gave_up(
    server: ModelServer, remote: Remote, tmp_path: Path
) -> None:
    server.faults = Faults(drop_after=400_000, drops=1)
    with pytest.raises(FetchError, match="broke off after 400000 of 1000000 bytes"):
        download(remote, tmp_path / "w", quiet, Retry(attempts=1))
    download(remote, tmp_path / "w", quiet, QUICK)
    assert server.sent == len(BODY)


def test_an_earlier_process_left_other_bytes(server: ModelServer, remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "w.part").write_bytes(b"x" * 500_000)
    download(remote, tmp_path / "w", quiet, QUICK)
    assert (tmp_path / "w").read_bytes() == BODY
    assert [headers.get("Range") for _, headers in server.requests] == ["bytes=500000-", None]


def test_what_no_hash_can_judge_is_begun_anew_by_a_later_process(server: ModelServer, tmp_path: Path) -> None:
    server.answers["/files/weights"] = Answer(BODY)
    (tmp_path / "w.part").write_bytes(b"x" * 500_000)
    download(Remote(f"{server.url}/files/weights", "weights"), tmp_path / "w", quiet, QUICK)
    assert (tmp_path / "w").read_bytes() == BODY


def test_without_a_hash_the_entity_tag_guards_the_rest(server: ModelServer, tmp_path: Path) -> None:
    server.answers["/files/weights"] = Answer(BODY)
    server.faults = Faults(drop_after=300_000, drops=1, etag='"one"')

    def swap(event: Progress | Step) -> None:
        if isinstance(event, Progress) and event.done == 300_000 and server.faults.etag == '"one"':
            server.answers["/files/weights"] = Answer(BODY[::-1])
            server.faults.etag = '"two"'

    download(Remote(f"{server.url}/files/weights", "weights"), tmp_path / "w", swap, QUICK)
    assert (tmp_path / "w").read_bytes() == BODY[::-1]
    assert server.requests[1][1]["If-Range"] == '"one"'


def test_a_wrong_hash_keeps_nothing_and_says_so(server: ModelServer, remote: Remote, tmp_path: Path) -> None:
    server.answers["/files/weights"] = Answer(BODY[::-1])
    with pytest.raises(FetchError, match=f"but {SHA256} was expected; nothing was kept"):
        download(remote, tmp_path / "w", quiet, QUICK)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_size_is_refused_before_its_first_byte(
    server: ModelServer, remote: Remote, tmp_path: Path
) -> None:
    server.answers["/files/weights"] = Answer(BODY + b"more")
    with pytest.raises(FetchError, match="should have 1000000 bytes but the server has 1000004"):
        download(remote, tmp_path / "w", quiet, QUICK)
    assert (tmp_path / "w.part").stat().st_size == 0


def test_a_server_that_hides_the_size_cannot_send_without_end(
    server: ModelServer, remote: Remote, tmp_path: Path
) -> None:
    server.answers["/files/weights"] = Answer(BODY + b"more")
    server.faults = Faults(chunked=True)
    with pytest.raises(FetchError, match="sends more"):
        download(remote, tmp_path / "w", quiet, QUICK)
    assert not (tmp_path / "w").exists()


def test_a_broken_chunked_body_is_noticed_without_size_or_hash(server: ModelServer, tmp_path: Path) -> None:
    server.answers["/files/weights"] = Answer(BODY)
    server.faults = Faults(chunked=True, drop_after=300_000, drops=1)
    download(Remote(f"{server.url}/files/weights", "weights"), tmp_path / "w", quiet, QUICK)
    assert (tmp_path / "w").read_bytes() == BODY


def test_no_length_no_hash_no_trust(server: ModelServer, tmp_path: Path) -> None:
    server.answers["/files/weights"] = Answer(BODY)
    server.faults = Faults(no_length=True)
    with pytest.raises(FetchError, match="neither the size nor the hash"):
        download(Remote(f"{server.url}/files/weights", "weights"), tmp_path / "w", quiet, QUICK)


def test_no_length_is_no_matter_where_a_hash_is_known(server: ModelServer, tmp_path: Path) -> None:
    server.answers["/files/weights"] = Answer(BODY)
    server.faults = Faults(no_length=True)
    url = f"{server.url}/files/weights"
    download(Remote(url, "weights", sha256=SHA256), tmp_path / "w", quiet, QUICK)
    assert (tmp_path / "w").read_bytes() == BODY


def test_a_busy_server_is_asked_again(server: ModelServer, remote: Remote, tmp_path: Path) -> None:
    server.faults = Faults(status=503, statuses=2, retry_after="0")
    download(remote, tmp_path / "w", quiet, QUICK)
    assert len(server.requests) == 3


def test_a_server_that_stays_busy_is_given_up(server: ModelServer, remote: Remote, tmp_path: Path) -> None:
    server.faults = Faults(status=503)
    with pytest.raises(FetchError, match="answered 503; try again later"):
        download(remote, tmp_path / "w", quiet, QUICK)
    assert len(server.requests) == 3


@pytest.mark.parametrize(("status", "advice"), [(404, "check the name"), (403, "log in")])
def test_a_refusal_is_not_repeated(
    server: ModelServer, remote: Remote, tmp_path: Path, status: int, advice: str
) -> None:
    server.faults = Faults(status=status)
    with pytest.raises(FetchError, match=f"answered {status} .*{advice}"):
        download(remote, tmp_path / "w", quiet, QUICK)
    assert len(server.requests) == 1


def test_a_silent_server_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/x"
        with pytest.raises(FetchError, match=r"cannot reach 127.0.0.1 \(it did not answer in time\)"):
            download(
                Remote(url, "x"), tmp_path / "w", quiet, Retry(attempts=2, pause_s=0.001, timeout_s=0.05)
            )


def test_nobody_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(FetchError, match=r"cannot reach 127.0.0.1 \(Connection refused\); check the network"):
        download(Remote(f"http://127.0.0.1:{port}/x", "x"), tmp_path / "w", quiet, QUICK)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "/etc/passwd", "https:///x"])
def test_only_web_addresses_are_opened(url: str) -> None:
    with pytest.raises(FetchError, match="not an http or https address"):
        web.get(url, headers={}, timeout_s=1)


def test_a_redirect_leads_to_no_file(server: ModelServer, tmp_path: Path) -> None:
    server.answers["/files/weights"] = Answer(b"", location="file:///etc/passwd")
    with pytest.raises(FetchError):
        download(Remote(f"{server.url}/files/weights", "weights"), tmp_path / "w", quiet, QUICK)


def test_credentials_stay_on_their_host(server: ModelServer, tmp_path: Path) -> None:
    with ModelServer().running() as elsewhere:
        elsewhere.answers["/files/weights"] = Answer(BODY)
        server.answers["/files/weights"] = Answer(b"", location=f"{elsewhere.url}/files/weights")
        url = server.url.replace("http://", "http://user:p%40ss@")
        download(Remote(f"{url}/files/weights", "weights"), tmp_path / "w", quiet, QUICK)
        assert server.requests[0][1]["Authorization"] == "Basic dXNlcjpwQHNz"
        assert "Authorization" not in elsewhere.requests[0][1]


def test_a_password_is_in_no_message(server: ModelServer, tmp_path: Path) -> None:
    url = server.url.replace("http://", "http://user:secret@")
    with pytest.raises(FetchError) as caught:
        download(Remote(f"{url}/files/none", "none"), tmp_path / "w", quiet, QUICK)
    assert "secret" not in str(caught.value)
