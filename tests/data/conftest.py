"""Fixtures of the data tests: a web server on this machine, a small archive, a full-size layout."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from faulty_server import BATCHES, NAMES, Server, good_entries, pack

from bncourse.data.cifar10 import FILE_BYTES, FOLDER


@pytest.fixture(autouse=True)
def _nowhere_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees this machine's data, cache or proxy."""
    monkeypatch.delenv("BNCOURSE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture(scope="session")
def small_archive() -> bytes:
    return pack(good_entries())


@pytest.fixture
def serve() -> Iterator[Callable[[bytes], Server]]:
    """Call it with a body to get a `Server` on a free port of this machine."""
    running: list[tuple[ThreadingHTTPServer, Thread, Server]] = []

    def start(body: bytes) -> Server:
        server = Server(body)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        server.url = f"http://127.0.0.1:{web.server_port}/cifar-10-binary.tar.gz"
        running.append((web, thread, server))
        return server

    yield start
    for web, thread, server in running:
        server.closing.set()
        web.shutdown()
        thread.join()
        web.server_close()


@pytest.fixture(scope="session")
def full_size(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The official layout in its official size: ten labels at the front, then zeros, which take no disk."""
    root = tmp_path_factory.mktemp("full")
    folder = root / FOLDER
    folder.mkdir()
    for number, name in enumerate(BATCHES):
        with (folder / name).open("wb") as file:
            for label in range(10):
                file.seek(label * 3073)
                file.write(bytes([label, 100 + number]))
            file.truncate(FILE_BYTES)
    (folder / "batches.meta.txt").write_bytes(NAMES)
    return root
