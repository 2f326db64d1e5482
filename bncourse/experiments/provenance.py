"""Where a number came from: code, versions, machine, data. Loads no torch. Chapter: start-here."""

import hashlib
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bncourse.data import Dataset

__all__ = ["CODE", "code_hash", "provenance"]

# The files that decide a run's numbers. Changing how rows are stored or shown must not change their hash.
CODE = ("experiments/config.py", "experiments/training.py", "models/norms.py", "models/seed_cnn.py")

_PACKAGE = Path(__file__).parent.parent


def code_hash(files: Sequence[str] = CODE, folder: Path = _PACKAGE) -> str:
    """Sixteen hex digits of the content of `files` in `folder`; line endings do not count."""
    digest = hashlib.sha256()
    for name in files:
        # read_text turns \r\n into \n, so a checkout on Windows has the same hash.
        text = (folder / name).read_text(encoding="utf-8")
        digest.update(f"{name}\n{len(text)}\n{text}".encode())
    return digest.hexdigest()[:16]


def provenance(data: Dataset) -> dict[str, Any]:
    """The part of a row that says where it came from. No path and no host name enters."""
    return {
        "code_hash": code_hash(),
        "versions": {"python": platform.python_version()}
        | {name: _version(name) for name in ("bncourse", "numpy", "torch")},
        "machine": f"{platform.system()} {platform.machine()}, {_processor()}",
        "data": {"name": data.name, "source": data.source, "digest": data.digest},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    """The processor's name; Linux tells it in a file only."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
