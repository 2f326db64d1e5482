"""The machine a run is on: which device, and how this process keeps its memory. Chapter: start-here."""

import ctypes
import platform

import torch

from bncourse.errors import StateError

__all__ = ["keep_pages", "pick_device"]


def pick_device(name: str = "auto") -> torch.device:
    """CUDA when there is one, else MPS, else CPU; any other `name` is taken as it is.

    Raises StateError when this machine does not have the device.

    >>> pick_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        has_mps = torch.backends.mps.is_available()
        name = "cuda" if torch.cuda.is_available() else "mps" if has_mps else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        # PyTorch's own text runs over many lines; the first says what is wrong.
        reason = str(error).splitlines()[0]
        raise StateError("this machine has the device", got=f"{name!r} ({reason})", hint='"cpu"') from error
    return device


def keep_pages() -> bool:
    """Let this process keep all memory it ever had, from now on; False where that cannot be said.

    Training asks for the same large arrays at every step. Given back and fetched anew, each of their
    pages is filled with zeros by the kernel first.

    >>> keep_pages() == (platform.libc_ver()[0] == "glibc")
    True
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc, trim_threshold, mmap_max = ctypes.CDLL(None), -1, -4  # as in malloc.h
    return bool(libc.mallopt(mmap_max, 0) and libc.mallopt(trim_threshold, 2**31 - 1))
