"""A time limit that a bare `except:` cannot swallow. Chapter: gradient-checking.

When time is up, `TimeUp` is raised in the running code, and again every few milliseconds. Each time the
line that would run next is watched too: the first line of an `except:` that caught it raises it once
more, from a place that this `except:` does not guard; and so does the line after the one that drops it.
"""

import ctypes
import signal
import sys
import threading
import time
import types
from collections.abc import Callable
from contextlib import suppress
from typing import Any

__all__ = ["Clock", "TimeUp"]

_AGAIN = 0.01  # seconds between two rings


_running: set[int] = set()  # the threads whose time is being taken


class TimeUp(BaseException):
    """Raised in the running code when its time is up.

    >>> issubclass(TimeUp, Exception)
    False
    """

    # Lambdas, so that no type checker of a test stands between them and the running code.
    __init__ = lambda self: _watch_next_lines(sys._getframe(1))  # noqa: E731
    __del__ = lambda self: _watch_next_lines(sys._getframe(1))  # noqa: E731  (caught and dropped: not so fast)


class _Settled(BaseException):
    """Sent by a thread to itself: nothing else is on its way to it any more."""


def _watch_next_lines(frame: types.FrameType | None) -> None:
    running = _learners(frame) if threading.get_ident() in _running else []
    if running:
        sys.settrace(_no_new_frames)
    for one in running:
        one.f_trace = _raise_on_next_line


def _learners(frame: types.FrameType | None) -> list[types.FrameType]:
    """The frames from `frame` down to the learner's function; none when no such function is running.

    Time is often up just when the function has ended. Whoever called us then must not be interrupted.
    """
    found: list[types.FrameType] = []
    while frame is not None:
        if _is_ours(frame):
            return found
        found.append(frame)
        frame = frame.f_back
    return []


def _is_ours(frame: types.FrameType) -> bool:
    return (
        frame.f_code.co_name == "_timed" and frame.f_globals.get("__name__") == "bncourse.exercises.sandbox"
    )


def _no_new_frames(*_: Any) -> None:
    return None


def _raise_on_next_line(frame: types.FrameType, event: str, _: Any) -> Any:
    if event == "line" and threading.get_ident() in _running and frame.f_globals.get("__name__") != __name__:
        raise TimeUp
    return _raise_on_next_line


class Clock:
    """Starts with `start`, rings after `limit` seconds until `stop`; `rang` says whether it did.

    On POSIX in the main thread a timer signal rings; otherwise a watchdog thread does. Timer and
    handler that were there before are put back by `stop`, which may be called twice.

    >>> clock = Clock(60.0); clock.start(); clock.stop(); clock.rang
    False
    """

    def __init__(self, limit: float) -> None:
        self.limit, self.rang = limit, False
        self._undo: Callable[[], None] | None = None

    def start(self) -> None:
        """Start the time; the last thing before the learner's code runs."""
        self._trace = sys.gettrace()
        by_signal = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
        # How to stop is known before the first ring: on a busy machine that may come before the next line.
        self._undo, begin = self._by_signal() if by_signal else self._by_watchdog()
        _running.add(threading.get_ident())
        begin()

    def stop(self) -> None:
        """Stop the time and put everything back."""
        _running.discard(threading.get_ident())
        if self._undo is not None:
            self._undo()
            sys.settrace(self._trace)
            self._undo = None

    def _by_signal(self) -> tuple[Callable[[], None], Callable[[], object]]:
        def ring(_: int, frame: types.FrameType | None) -> None:
            if armed and _learners(frame):
                self.rang = True
                raise TimeUp

        armed = [True]
        began, (delay, interval) = time.monotonic(), signal.getitimer(signal.ITIMER_REAL)
        handler = signal.signal(signal.SIGALRM, ring)

        def undo() -> None:
            armed.clear()
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL if handler is None else handler)
            if delay:
                left = delay - (time.monotonic() - began)
                signal.setitimer(signal.ITIMER_REAL, max(left, 0.001), interval)

        return undo, lambda: signal.setitimer(signal.ITIMER_REAL, self.limit, _AGAIN)

    def _by_watchdog(self) -> tuple[Callable[[], None], Callable[[], object]]:
        raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
        thread, done, lock = threading.get_ident(), threading.Event(), threading.Lock()
        target = ctypes.c_ulong(thread)

        def watch() -> None:
            left = self.limit
            while not done.wait(left):
                with lock:
                    if not done.is_set() and _learners(sys._current_frames().get(thread)):
                        self.rang = True
                        raise_in(target, ctypes.py_object(TimeUp))
                left = _AGAIN

        def undo() -> None:
            with lock:
                done.set()
            # One may have been sent and not have arrived. Another takes its place and is waited for: taken
            # back with None, it would leave CPython 3.11 looking for it, and stuck under the next trace.
            with suppress(_Settled):
                while self.rang and raise_in(target, ctypes.py_object(_Settled)):
                    pass

        def begin() -> None:
            with suppress(RuntimeError):  # a platform without threads has no clock either
                threading.Thread(target=watch, daemon=True).start()

        return undo, begin
