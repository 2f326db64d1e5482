"""One call of a learner's function that cannot take the kernel with it. Chapter: gradient-checking.

Time is limited by a repeating signal (POSIX, main thread) or by a watchdog thread; memory by the
address space (Linux). Output is kept, not shown. What a call may have changed for everybody (NumPy's
functions, the global random numbers, input, the recursion limit) is put back as it was.
"""

import dis
import inspect
import linecache
import re
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from bncourse.errors import StateError
from bncourse.exercises.clock import Clock, TimeUp
from bncourse.exercises.surroundings import Asked, Surroundings, limited_memory

__all__ = ["Outcome", "call", "is_unwritten"]

_ONE_AT_A_TIME = threading.RLock()  # a function under test may itself check another one


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one call came to: a value, or a problem with a code of `call.*`.

    `error` is the exception's own text, `line` the learner's line it came from; `printed` what the
    function wrote, shortened; `patched` names of NumPy it replaced; `random` the state of the global
    random numbers before and after, as two numbers that can be compared.

    >>> Outcome(value=3).problem is None
    True
    """

    value: Any = None
    problem: str | None = None
    error: str = ""
    line: str = ""
    number: int = 0
    printed: str = ""
    patched: tuple[str, ...] = ()
    random: tuple[int, int] = (0, 0)


def call(
    fn: Callable[..., Any],
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    limit: float = 5.0,
    seed: int = 0,
) -> Outcome:
    """Call fn(*args, **kwargs) for at most `limit` seconds; never raises, but for a true Ctrl-C.

    `seed` sets the global random numbers for the call; the ones from before are put back. Output, input
    and random numbers belong to the whole process, so calls from several threads take turns; StateError
    when the turn does not come within `limit` (one may sleep in C, where nothing wakes it).

    >>> call(lambda x: 2 * x, [3]).value
    6
    >>> call(lambda: 1 / 0).error
    'ZeroDivisionError: division by zero'
    """
    clock, printed = Clock(limit), _Printed()
    asked: list[bool] = []
    found: dict[str, Any] = {}
    with _turn(limit), Surroundings(seed, printed, asked) as around, _silence(), limited_memory():
        try:
            try:
                found["value"] = _timed(clock, fn, args, kwargs or {})
            finally:
                _stop(clock)
        except TimeUp:
            _stop(clock)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            found |= _described(error, fn)
    if clock.rang:
        found = {"problem": "call.timeout"}
    elif asked:
        found = {"problem": "call.input"}
    return Outcome(**found, printed=printed.text, patched=around.patched, random=around.random)


def _timed(clock: Clock, fn: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    clock.start()
    return _their_turn(fn, args, kwargs)


def _their_turn(fn: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    return fn(*args, **kwargs)  # a frame of its own: a function of C has none that the clock could see


def _stop(clock: Clock) -> None:
    while True:
        try:
            return clock.stop()
        except TimeUp:  # it rang once more, just now
            continue


@contextmanager
def _turn(limit: float) -> Iterator[None]:
    if not _ONE_AT_A_TIME.acquire(timeout=limit):
        raise StateError(
            "one check runs at a time", got="another one that does not end", hint="a restart of Python"
        )
    try:
        yield
    finally:
        _ONE_AT_A_TIME.release()


@contextmanager
def _silence() -> Iterator[None]:
    # Time may be up while a generator of the learner's is being put away, where no exception can be raised.
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.unraisablehook = hook


class _Printed:
    """A standard output that keeps the first ten thousand characters."""

    encoding, errors, closed = "utf-8", "strict", False

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._left = 10_000

    def write(self, text: str) -> int:
        if self._left > 0:
            self._parts.append(text[: self._left])
            self._left -= len(text)
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    @property
    def text(self) -> str:
        return "".join(self._parts)


_PROBLEMS: tuple[tuple[type[BaseException], str], ...] = (
    (NotImplementedError, "call.not-attempted"),
    (Asked, "call.input"),
    (SystemExit, "call.exit"),
    (RecursionError, "call.recursion"),
    (MemoryError, "call.memory"),
)


def _described(error: BaseException, fn: Callable[..., Any]) -> dict[str, Any]:
    problem = next((code for kind, code in _PROBLEMS if isinstance(error, kind)), "call.exception")
    try:
        text = str(error)
    except BaseException:
        text = ""
    text = re.sub(r"0x[0-9a-fA-F]+", "0x…", " ".join(text.split()))[:300]
    name = type(error).__name__.removeprefix("_")  # NumPy's own kinds are private, their names are not
    line, number = _own_line(error.__traceback__, fn)
    return {
        "problem": problem,
        "error": f"{name}: {text}" if text else name,
        "line": line,
        "number": number,
    }


def _own_line(trace: types.TracebackType | None, fn: Callable[..., Any]) -> tuple[str, int]:
    """The last line in the learner's own file that was on the way to the error."""
    own = getattr(_code(fn), "co_filename", None)
    line, number = "", 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == own:
            number = trace.tb_lineno
            line = linecache.getline(own, number, trace.tb_frame.f_globals).strip()
        trace = trace.tb_next
    return line, number


def _code(fn: Callable[..., Any]) -> types.CodeType | None:
    target = inspect.unwrap(fn)
    code = getattr(getattr(target, "__func__", target), "__code__", None)
    return code if isinstance(code, types.CodeType) else None


def is_unwritten(fn: Callable[..., Any]) -> bool:
    """True for a body of nothing but a docstring, `pass`, `...` or `return`.

    >>> def later(x): ...
    >>> is_unwritten(later), is_unwritten(lambda x: x)
    (True, False)
    """
    code = _code(fn)
    if code is None:
        return False
    return not (
        code.co_names or code.co_nlocals > code.co_argcount + code.co_kwonlyargcount
    ) and _returns_none(code)


def _returns_none(code: types.CodeType) -> bool:
    plain = {"RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "POP_TOP", "COPY_FREE_VARS"}
    steps = list(dis.get_instructions(code))
    constants = [step.argval for step in steps if step.opname in ("LOAD_CONST", "RETURN_CONST")]
    return all(step.opname in plain for step in steps) and set(constants) <= {None, Ellipsis}
