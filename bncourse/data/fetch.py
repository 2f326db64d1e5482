"""Fetch one file of known length over HTTP, and go on where a cut left it. Chapter: start-here."""

import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, IncompleteRead
from pathlib import Path

from bncourse.data.progress import Show, progress
from bncourse.errors import DataError

__all__ = ["Part", "fetch"]

CHUNK = 1 << 18
PASSING = frozenset({408, 416, 429, 500, 502, 503, 504})  # 416: what we held was no use, and is gone now


@dataclass(frozen=True)
class Part:
    """A file on its way: what has come so far, and beside it the server's name for that version.

    The name (an ETag) goes back as If-Range, so that a file changed meanwhile starts again
    instead of being glued to the old half. Disk faults become DataError.

    >>> Part(Path("cifar.tar.gz.part")).range_headers()  # nothing has come yet: ask for all of it
    {}
    """

    path: Path

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def version(self) -> Path:
        return self.path.with_name(self.path.name + ".etag")

    def append(self, chunk: bytes) -> None:
        self._write(self.path, chunk, "ab")  # closed after every chunk: a killed run loses nothing

    def restart(self, version: str | None = None) -> None:
        self.path.unlink(missing_ok=True)
        self.version.unlink(missing_ok=True)
        if version and not version.startswith("W/"):  # If-Range takes strong names only
            self._write(self.version, version.encode("latin-1"), "wb")

    def range_headers(self) -> dict[str, str]:
        """Ask for the rest only; nothing when there is no beginning."""
        if not self.size:
            return {}
        headers = {"Range": f"bytes={self.size}-"}
        if self.version.exists():
            headers["If-Range"] = self.version.read_text(encoding="latin-1")
        return headers

    def _write(self, path: Path, chunk: bytes, mode: str) -> None:
        try:
            with path.open(mode) as file:
                file.write(chunk)
        except OSError as error:
            raise DataError(
                f"{path} can be written",
                got=error.strerror or str(error),
                hint="free some disk space, or choose another folder with --data DIR",
            ) from error


def fetch(
    url: str, part: Part, length: int, *, tries: int = 5, timeout: float = 30.0, pause: float = 0.5
) -> None:
    """Bring `part` to `length` bytes from `url`; what it holds already is not fetched again.

    Args:
        tries: how many in a row may bring nothing; a try that brings something starts the count anew.
        timeout: seconds without an answer before a connection counts as cut.
        pause: seconds before the second try; doubled for each one after it.

    Raises:
        DataError: no network, the server lacks the file or has another length, the disk does not take it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     part = Part(Path(folder) / "part")
    ...     part.append(b"whole")
    ...     fetch("http://127.0.0.1:9/", part, length=5)  # all of it is there: nobody is asked
    """
    failures = 0
    with progress(length, start=part.size) as show:
        while (before := part.size) != length:
            try:
                _fetch_once(url, part, length, timeout, show)
            except (OSError, HTTPException) as error:
                if isinstance(error, urllib.error.HTTPError) and error.code not in PASSING:
                    raise _not_served(url, error) from error
                failures = 1 if part.size > before else failures + 1
                if failures >= tries:
                    raise _unreachable(url, error, part) from error
                time.sleep(pause * 2 ** (failures - 1))


def _fetch_once(url: str, part: Part, length: int, timeout: float, show: Show) -> None:
    if part.size > length:
        part.restart()
    request = urllib.request.Request(url, headers=part.range_headers())
    try:
        response = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:
            part.restart()
        raise
    with response:
        have = part.size if _continues(response.headers, part.size) else 0
        # Before the part is given up: a hotel's log-in page must not cost what came before it.
        _check_announced(url, response.headers, have, length)
        if not have:
            part.restart(response.headers.get("ETag"))
            if response.status == 206 and not _continues(response.headers, 0):
                raise HTTPException("the server sent another range than the one asked for")
        while chunk := response.read1(CHUNK):
            have += len(chunk)
            if have > length:
                part.restart()
                raise _wrong_length(url, f"more than {length:,} bytes", length)
            part.append(chunk)
            show(have)
    if have < length:
        raise IncompleteRead(b"", length - have)


def _continues(headers: HTTPMessage, have: int) -> bool:
    return str(headers.get("Content-Range", "")).startswith(f"bytes {have}-")


def _check_announced(url: str, headers: HTTPMessage, have: int, length: int) -> None:
    """The server's own word on the length of the whole file, when it gives one."""
    whole = str(headers.get("Content-Range", "")).rpartition("/")[2]
    rest = headers.get("Content-Length", "")
    announced = int(whole) if whole.isdigit() else have + int(rest) if rest.isdigit() else length
    if announced != length:
        raise _wrong_length(url, f"{announced:,} bytes", length)


def _wrong_length(url: str, got: str, length: int) -> DataError:
    return DataError(
        f"{url} is {length:,} bytes long", got=got, hint="again later; the server's file is not the one meant"
    )


def _not_served(url: str, error: urllib.error.HTTPError) -> DataError:
    return DataError(
        f"{url} is served", got=f"status {error.code} {error.reason}", hint="the address in a browser"
    )


def _unreachable(url: str, error: Exception, part: Part) -> DataError:
    reason = getattr(error, "reason", None) or error
    return DataError(
        f"{url} can be reached",
        got=f"{reason or type(error).__name__}, with {part.size:,} bytes so far",
        hint="the same command again when there is a network (it goes on where it stopped), "
        "or bring the unpacked folder from elsewhere and set BNCOURSE_DATA",
    )
