"""How far a download is: tqdm on a terminal, one line every ten per cent elsewhere. Chapter: start-here."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Show", "progress"]

Show = Callable[[int], None]  # to be called with the bytes there are so far


@contextmanager
def progress(total: int, *, start: int = 0) -> Iterator[Show]:
    """Yield `show`, for the bytes there are so far out of `total`.

    >>> with progress(100) as show:
    ...     show(50)
    """
    try:
        from tqdm import tqdm
    except ImportError:  # an extra; the lines below do without it
        tqdm = None
    if tqdm is None or not sys.stderr.isatty():
        yield _lines(total, start)
        return
    with tqdm(total=total, initial=start, unit="B", unit_scale=True, desc="CIFAR-10") as bar:

        def show(done: int) -> None:
            bar.n = done  # set, not added to: a download that starts again goes back
            bar.refresh()

        yield show


def _lines(total: int, start: int) -> Show:
    told = 10 * start // total

    def show(done: int) -> None:
        nonlocal told
        if 10 * done // total > told:
            told = 10 * done // total
            print(f"{told:3d}0 % of {total / 1e6:,.0f} MB", file=sys.stderr, flush=True)

    return show
