"""A loopback web server that misbehaves on demand, and a package index on it."""

import hashlib
import io
import tarfile
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from percepnet.sources import http, pip_settings


@dataclass
class Page:
    body: bytes
    status: int = 200
    kind: str = "application/octet-stream"
    breaks: list[int] = field(
        default_factory=list
    )  # bytes after which the connection ends, request by request
    hangs_after: int | None = None
    ranges: bool = True
    etag: str | None = '"v1"'
    heeds_if_range: bool = True
    refuses_ranges: bool = False


@dataclass
class Site:
    root: str
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    logged_in: list[bool] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def put(self, path: str, body: bytes, **how) -> str:
        self.pages[path] = Page(body, **how)
        return self.root + path

    def count(self, path) -> int:
        return [asked for asked, _ in self.asked].count(path)


def answer(site: Site, handler: BaseHTTPRequestHandler) -> None:
    wanted = handler.headers.get("Range")
    site.asked.append((handler.path, wanted))
    site.logged_in.append("Authorization" in handler.headers)
    page = site.pages.get(handler.path, Page(b"nothing here", status=404, kind="text/plain"))
    start = int(wanted[6:-1]) if wanted and page.ranges else 0
    if page.heeds_if_range and handler.headers.get("If-Range") != page.etag:
        start = 0
    refused = page.refuses_ranges and wanted
    handler.send_response(416 if refused else 206 if start else page.status)
    handler.send_header("Content-Type", page.kind)
    handler.send_header("Content-Length", str(len(page.body) - start))
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(page.body) - 1}/{len(page.body)}")
    if page.etag:
        handler.send_header("ETag", page.etag)
    handler.end_headers()
    send(site, page, handler, page.body[start:])


def send(site, page, handler, body) -> None:
    if page.hangs_after is not None and not site.released.is_set():
        handler.wfile.write(body[: page.hangs_after])
        handler.wfile.flush()
        site.released.wait(30)
        body = body[page.hangs_after :]
    handler.wfile.write(body[: page.breaks.pop(0)] if page.breaks else body)


class Server(ThreadingHTTPServer):
    daemon_threads = False

    def handle_error(self, request, client_address) -> None:
        """Say nothing: clients of these tests hang up and die on purpose."""


@pytest.fixture
def site():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(found, self)

        def log_message(self, *_args) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        found = Site(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        found.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _quick_and_local(request, monkeypatch) -> None:
    """No proxy before the loopback server, no pauses, nothing from this machine's pip settings."""
    if request.node.get_closest_marker("network"):
        return
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(variable, "127.0.0.1,localhost")
    for variable in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CERT"):
        monkeypatch.setenv(variable, "")
    monkeypatch.setattr(http, "BACKOFF_S", 0.01)
    monkeypatch.setattr(pip_settings, "_configured", dict)


def listing(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def wheel(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return packed.getvalue()


def sdist(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, body in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return packed.getvalue()


@pytest.fixture
def publish(site, monkeypatch):
    """Publish archives of the package "gadget" on the index that pip is set to; return the index."""

    def put(archives: dict[str, bytes]) -> str:
        links = [
            f'<a href="/files/{name}#sha256={digest(body)}">{name}</a><br>' for name, body in archives.items()
        ]
        site.put("/simple/gadget/", f"<html><body>{''.join(links)}</body></html>".encode(), kind="text/html")
        for name, body in archives.items():
            site.put(f"/files/{name}", body)
        monkeypatch.setenv("PIP_INDEX_URL", f"{site.root}/simple")
        return f"{site.root}/simple"

    return put
