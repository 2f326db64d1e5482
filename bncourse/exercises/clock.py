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


def _watch_next_lines(frame: types.FrameType | None) -> None:
    if threading.get_ident() not in _running:
        return
    sys.settrace(_no_new_frames)
    while frame is not None and not _is_ours(frame):
        frame.f_trace = _raise_on_next_line
        frame = frame.f_back


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
        _running.add(threading.get_ident())
        by_signal = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
        self._undo = self._by_signal() if by_signal else self._by_watchdog()

    def stop(self) -> None:
        """Stop the time and put everything back."""
        _running.discard(threading.get_ident())
        if self._undo is not None:
            self._undo()
            sys.settrace(self._trace)
            self._undo = None

    def _by_signal(self) -> Callable[[], None]:
        def ring(*_: object) -> None:
            if armed:
                self.rang = True
                raise TimeUp

        armed = [True]
        began = time.monotonic()
        handler = signal.signal(signal.SIGALRM, ring)
        delay, interval = signal.setitimer(signal.ITIMER_REAL, self.limit, _AGAIN)

        def undo() -> None:
            armed.clear()
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL if handler is None else handler)
            if delay:
                left = delay - (time.monotonic() - began)
                signal.setitimer(signal.ITIMER_REAL, max(left, 0.001), interval)

        return undo

    def _by_watchdog(self) -> Callable[[], None]:
        raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
        target, done, lock = ctypes.c_ulong(threading.get_ident()), threading.Event(), threading.Lock()

        def watch() -> None:
            left = self.limit
            while not done.wait(left):
                with lock:
                    if not done.is_set():
                        self.rang = True
                        raise_in(target, ctypes.py_object(TimeUp))
                left = _AGAIN

        def undo() -> None:
            with lock:
                done.set()
                raise_in(target, None)  # one that was sent and has not arrived

        try:
            threading.Thread(target=watch, daemon=True).start()
        except RuntimeError:  # a platform without threads has no clock either
            return lambda: None
        return undo
