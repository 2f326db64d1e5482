"""A small CIFAR-10 archive, and what a web server that misbehaves on request does with it."""

import hashlib
import io
import re
import tarfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from threading import Event

import numpy as np

from bncourse.data.cifar10 import CLASSES, FOLDER
from bncourse.data.download import Archive

BATCHES = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
RECORDS = 20  # a file of the small archive
NAMES = ("\n".join(CLASSES) + "\n\n").encode()


def batch_bytes(seed: int, records: int = RECORDS) -> bytes:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, (records, 1), dtype=np.uint8)
    return np.hstack([labels, rng.integers(0, 256, (records, 3072), dtype=np.uint8)]).tobytes()


def pack(entries: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for info, content in entries:
            tar.addfile(info, io.BytesIO(content) if content else None)
    return buffer.getvalue()


def good_entries() -> list[tuple[tarfile.TarInfo, bytes]]:
    contents = {name: batch_bytes(i) for i, name in enumerate(BATCHES)} | {"batches.meta.txt": NAMES}
    entries = []
    for name, content in contents.items():
        info = tarfile.TarInfo(f"{FOLDER}/{name}")
        info.size = len(content)
        entries.append((info, content))
    return entries


@dataclass
class Answer:
    """What the server does with one request; as it stands, what a good server does."""

    cut: int | None = None  # close after so many bytes
    status: int = 0  # an error instead
    ranges: bool = True  # whether Range is understood
    length: int | None = None  # announced instead of the truth; 0 announces nothing
    etag: str = '"first"'
    start: int | None = None  # sends from here, whatever was asked
    body: bytes | None = None
    stall: bool = False  # after `cut`, keep the line open and say nothing


@dataclass
class Server:
    body: bytes
    url: str = ""
    plan: list[Answer] = field(default_factory=list)  # one a request, then good ones
    seen: list[dict[str, str]] = field(default_factory=list)  # the headers of each request
    closing: Event = field(default_factory=Event)

    def archive(self, **changes: object) -> Archive:
        truth = {
            "url": self.url,
            "length": len(self.body),
            "md5": hashlib.md5(self.body).hexdigest(),
            "batch_bytes": RECORDS * 3073,
        }
        return Archive(**(truth | changes))  # type: ignore[arg-type]

    def ranges(self) -> list[str | None]:
        return [headers.get("Range") for headers in self.seen]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.seen.append(dict(request.headers))
        answer = self.plan.pop(0) if self.plan else Answer()
        if answer.status:
            request.send_error(answer.status)
            return
        body = self.body if answer.body is None else answer.body
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        same = request.headers.get("If-Range", answer.etag) == answer.etag
        start = int(asked[1]) if asked and answer.ranges and same else 0
        start = start if answer.start is None else answer.start
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        if answer.length != 0:
            request.send_header("Content-Length", str(answer.length or len(body) - start))
        request.send_header("ETag", answer.etag)
        request.end_headers()
        request.wfile.write(body[start:] if answer.cut is None else body[start : start + answer.cut])
        if answer.stall:
            request.wfile.flush()
            self.closing.wait(20)
