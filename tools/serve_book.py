"""Serve the built site on this machine only: `make serve`, or `python tools/serve_book.py [port]`."""

from __future__ import annotations

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ["main"]

SITE = Path(__file__).resolve().parents[1] / "_build" / "html"


def main(port: int = 8000) -> int:
    """Serve until Ctrl-C; a port that is taken makes way for a free one."""
    if not (SITE / "index.html").exists():
        print("the site must be built before it is served; try `make book`", file=sys.stderr)
        return 1
    handler = partial(SimpleHTTPRequestHandler, directory=str(SITE))
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    print(f"http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
