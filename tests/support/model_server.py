"""A package index and a model hub on loopback: real sockets, real HTTP, and faults that are one assignment away."""

import hashlib
import io
import json
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
JSON_INDEX = "application/vnd.pypi.simple.v1+json"


@dataclass
class Faults:
    """What goes wrong. Counters count down; the rest holds until it is changed."""

    drop_after: int | None = None
    """Close the connection after so many bytes of a body."""
    drops: int = 10**9
    """How many times."""
    ignore_range: bool = False
    wrong_range: bool = False
    """Answer a range request with another part than was asked for."""
    no_length: bool = False
    chunked: bool = False
    etag: str | None = None
    status: int | None = None
    statuses: int = 10**9
    retry_after: str | None = None
    block: int = 1 << 16
    delay_s: float = 0.0
    """Pause after each block."""


@dataclass
class Answer:
    """What lies at one path."""

    body: bytes
    kind: str = "application/octet-stream"
    headers: Mapping[str, str] = field(default_factory=dict)
    location: str | None = None


class ModelServer:
    """Serves `answers`; `faults` apply to paths that begin with `/files/` or contain `/resolve/`."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.faults = Faults()
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.sent = 0
        """Bytes of file bodies that left this server."""
        handler = type("Handler", (_Handler,), {"site": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    @property
    def index(self) -> str:
        return f"{self.url}/simple"

    def asked_for_files(self) -> list[str]:
        return [path for path, _ in self.requests if _is_file(path)]

    def add_wheel(self, package: str, version: str, members: Mapping[str, bytes], **index: Any) -> bytes:
        """Put a wheel on the index; `index` overrides fields of its entry. Returns the wheel."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as zipped:
            for name, content in members.items():
                zipped.writestr(name, content)
        wheel = stream.getvalue()
        self.add_wheel_bytes(package, version, wheel, **index)
        return wheel

    def add_wheel_bytes(self, package: str, version: str, wheel: bytes, **index: Any) -> None:
        filename = f"{package.replace('-', '_')}-{version}-py3-none-any.whl"
        entry = {
            "filename": filename,
            "url": f"../../files/{filename}",
            "hashes": {"sha256": hashlib.sha256(wheel).hexdigest()},
            "size": len(wheel),
            **index,
        }
        entry = {key: value for key, value in entry.items() if value is not None}
        page = json.dumps({"meta": {"api-version": "1.1"}, "name": package, "files": [entry]})
        self.answers[f"/simple/{package}/"] = Answer(page.encode(), JSON_INDEX)
        self.answers[f"/files/{filename}"] = Answer(wheel)

    def add_repository(
        self, repo: str, files: Mapping[str, bytes], *, licence: str | None = "apache-2.0"
    ) -> None:
        """Put a model on the hub; weights are large files, the others are plain git blobs."""
        siblings = []
        for name, content in files.items():
            large = name.endswith((".safetensors", ".gguf"))
            sibling: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": git_blob(content)}
            if large:
                digest = hashlib.sha256(content).hexdigest()
                sibling["lfs"] = {"sha256": digest, "size": len(content), "pointerSize": 134}
                # As the hub does: large files are elsewhere.
                self.answers[f"/{repo}/resolve/{COMMIT}/{name}"] = Answer(b"", location=f"/files/{digest}")
                self.answers[f"/files/{digest}"] = Answer(content)
            else:
                self.answers[f"/{repo}/resolve/{COMMIT}/{name}"] = Answer(content)
            siblings.append(sibling)
        info = {
            "id": repo,
            "modelId": repo,
            "sha": COMMIT,
            "private": False,
            "tags": [],
            "downloads": 0,
            "likes": 0,
        }
        card = {"cardData": {"license": licence}} if licence else {}
        page = json.dumps({**info, **card, "siblings": siblings}).encode()
        for revision in ("main", COMMIT):
            self.answers[f"/api/models/{repo}/revision/{revision}"] = Answer(page, "application/json")

    @contextmanager
    def running(self) -> Iterator["ModelServer"]:
        thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, name="model-server"
        )
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()


def git_blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _is_file(path: str) -> bool:
    return path.startswith("/files/") or "/resolve/" in path


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: ModelServer

    def do_GET(self) -> None:
        site, path = self.site, urlsplit(self.path).path
        site.requests.append((path, dict(self.headers)))
        answer = site.answers.get(path)
        faults = site.faults if _is_file(path) else Faults()
        self.close_connection = True
        if faults.status is not None and faults.statuses > 0:
            faults.statuses -= 1
            after = {"Retry-After": faults.retry_after} if faults.retry_after else {}
            self._head(faults.status, {"Content-Length": "0", **after})
        elif answer is None:
            known = {"X-Error-Code": "RepoNotFound"} if path.startswith("/api/models/") else {}
            self._head(404, {"Content-Length": "0", **known})
        elif answer.location is not None:
            self._head(302, {"Location": answer.location, "Content-Length": "0"})
        else:
            self._file(answer, faults)

    def _file(self, answer: Answer, faults: Faults) -> None:
        body, start, status = answer.body, 0, 200
        headers = {"Content-Type": answer.kind, **answer.headers}
        if faults.etag:
            headers["ETag"] = faults.etag
        asked = self.headers.get("Range", "")
        fresh = self.headers.get("If-Range") in {None, faults.etag}
        if asked.startswith("bytes=") and not faults.ignore_range and fresh:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(body):
                self._head(416, {"Content-Range": f"bytes */{len(body)}", "Content-Length": "0"})
                return
            start -= 1 if faults.wrong_range else 0
            status = 206
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        if faults.chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif not faults.no_length:
            headers["Content-Length"] = str(len(body) - start)
        self._head(status, headers)
        self._send(memoryview(body)[start:], faults)

    def _send(self, body: memoryview, faults: Faults) -> None:
        limit = len(body)
        if faults.drop_after is not None and faults.drops > 0 and limit > faults.drop_after:
            faults.drops -= 1
            limit = faults.drop_after
        try:
            for at in range(0, limit, faults.block):
                block = body[at : min(at + faults.block, limit)]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(block), bytes(block)) if faults.chunked else block)
                self.site.sent += len(block) if _is_file(self.path) else 0
                if faults.delay_s:
                    time.sleep(faults.delay_s)
            if faults.chunked and limit == len(body):
                self.wfile.write(b"0\r\n\r\n")
        except OSError:
            return  # the client went away, which is what some tests are about

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name http.server uses
        del format, args
