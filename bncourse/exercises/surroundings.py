"""What one call may change for everybody, kept and put back. Chapter: gradient-checking."""

import builtins
import math
import os
import random
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Asked", "Surroundings", "limited_memory", "torch_numbers_kept"]

_WATCHED: tuple[types.ModuleType, ...] = (np, np.linalg, np.random, math, builtins)
_OURS = {"input", "_"}  # replaced by us, or set by an interactive Python
_ROOM = 2 << 30  # bytes a call may take on top of what is there


class Asked(BaseException):
    """The function asked for input; nobody is there to answer.

    >>> issubclass(Asked, Exception)
    False
    """


class _NoInput:
    """A standard input that says who asked."""

    encoding, errors, closed = "utf-8", "strict", False

    def __init__(self, asked: list[bool]) -> None:
        self._asked = asked

    def readline(self, *_: object) -> str:
        self._asked.append(True)
        raise Asked("input")

    read = readlines = __next__ = readline

    def isatty(self) -> bool:
        return False


class Surroundings:
    """Within: own output, no input, no way out of the process, random numbers from `seed`.

    After: everything as before. `patched` names what the call replaced in NumPy, math or the built-in
    functions; `random` is the state of NumPy's global random numbers before and after.

    >>> before = np.sum
    >>> with Surroundings(0, sys.stdout, []) as around:
    ...     np.sum = max
    >>> around.patched, np.sum is before
    (('numpy.sum',), True)
    """

    def __init__(self, seed: int, printed: Any, asked: list[bool]) -> None:
        self._seed, self._printed, self._asked = seed, printed, asked
        self.patched: tuple[str, ...] = ()
        self.random = (0, 0)

    def __enter__(self) -> "Surroundings":
        self._names = [dict(vars(module)) for module in _WATCHED]
        self._streams = sys.stdout, sys.stderr, sys.stdin, builtins.input, os._exit
        self._numbers = np.random.get_state(), random.getstate()  # noqa: NPY002
        self._recursion = sys.getrecursionlimit()
        np.random.seed(self._seed)  # noqa: NPY002
        random.seed(self._seed)
        self._before = _random_state()
        stdin = _NoInput(self._asked)
        sys.stdout = sys.stderr = self._printed
        sys.stdin, builtins.input, os._exit = stdin, stdin.readline, _leave  # type: ignore[assignment]
        return self

    def __exit__(self, *_: object) -> None:
        sys.stdout, sys.stderr, sys.stdin, builtins.input, os._exit = self._streams
        self.patched = tuple(self._put_back())
        self.random = self._before, _random_state()
        np.random.set_state(self._numbers[0])  # noqa: NPY002
        random.setstate(self._numbers[1])
        with suppress(RecursionError):
            sys.setrecursionlimit(self._recursion)

    def _put_back(self) -> Iterator[str]:
        for module, names in zip(_WATCHED, self._names, strict=True):
            now = vars(module)
            for name, was in names.items():
                if now.get(name) is not was and name not in _OURS:
                    setattr(module, name, was)
                    yield f"{module.__name__}.{name}"


def _leave(status: int = 0) -> None:
    raise SystemExit(status)


def _random_state() -> int:
    state = np.random.get_state(legacy=False)["state"]  # noqa: NPY002
    return hash((state["key"].tobytes(), state["pos"]))


@contextmanager
def torch_numbers_kept() -> Iterator[None]:
    """Within, PyTorch's random numbers may be drawn; afterwards they go on as before. Does not load PyTorch.

    >>> with torch_numbers_kept():
    ...     len("kept")
    4
    """
    torch = sys.modules.get("torch")
    state = torch.get_rng_state() if torch else None
    try:
        yield
    finally:
        if torch:
            torch.set_rng_state(state)


@contextmanager
def limited_memory() -> Iterator[None]:
    """Within, an allocation beyond two more GiB raises MemoryError (Linux; elsewhere nothing is done).

    >>> with limited_memory():
    ...     len("kept")
    4
    """
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        before = resource.getrlimit(resource.RLIMIT_AS)
        wanted = pages * resource.getpagesize() + _ROOM
        if before[0] != resource.RLIM_INFINITY:
            wanted = min(wanted, before[0])
        resource.setrlimit(resource.RLIMIT_AS, (wanted, before[1]))
    except (ImportError, OSError, ValueError):
        yield
        return
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
