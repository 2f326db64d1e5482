"""Where a number came from: code, versions, machine, data. Loads no torch. Chapter: start-here."""

import ast
import hashlib
import platform
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bncourse.data import Dataset
from bncourse.experiments.config import RunConfig

__all__ = ["CODE", "code_hash", "code_of", "is_current", "provenance"]

# The files that decide a run's numbers. Changing how rows are stored or shown must not change their hash.
_ALL_NETS = (
    "experiments/config.py",
    "experiments/choices.py",
    "experiments/fast.py",
    "experiments/pixels.py",
    "experiments/share.py",
    "experiments/training.py",
    "models/norms.py",
)
CODE = (*_ALL_NETS, "models/seed_cnn.py")
_NET = {"seed-cnn": "models/seed_cnn.py", "small-resnet": "models/small_resnet.py"}

# Recorded hash -> a later hash of code that gives the same numbers, and how that was shown.
_SAME_NUMBERS = {
    # Before other nets, optimisers and norms came in. All of CIFAR-10, the four arms of seed 0, 30 steps with
    # either code on one machine: every loss the same, bit for bit. And what is said of the next ones.
    "a352274aa47503d1": "94964ff230b49302",
    # Before runs could be fast, in bfloat16, augmented or measured on the way; seed CNN and residual net.
    # 9,000 images of CIFAR-10, 30 steps of ten arms of first-look, placement and batch-size (8 images and
    # more), old and new code on one machine: every loss, accuracy and test loss the same, bit for bit.
    "ec62dd18ca5a907e": "94964ff230b49302",
    "82391f2518c4a234": "5c25eb13baff9b93",
    # Before several processes shared the loop. CIFAR-10, 61 arms of all experiments and an augmented one, six
    # or eight steps each in two epochs: every loss, accuracy, curve and measurement the same, bit for bit.
    "10d659f413e96136": "94964ff230b49302",
    "5194b2c7fc07ec86": "6f53ef6e39d3da56",  # measured on the way
    "2a26455a6b9d5d75": "607f93d75076bcc5",  # and with noise behind the norm
}

_PACKAGE = Path(__file__).parent.parent


def code_hash(files: Sequence[str] = CODE, folder: Path = _PACKAGE) -> str:
    """Sixteen hex digits of what `files` in `folder` do; comments, docstrings and line breaks do not count.

    >>> len(code_hash())
    16
    """
    digest = hashlib.sha256()
    for name in files:
        tree = ast.parse((folder / name).read_text(encoding="utf-8"))
        digest.update(f"{name} {_meaning(tree)}\n".encode())
    return digest.hexdigest()[:16]


def code_of(config: RunConfig) -> tuple[str, ...]:
    """The files that decide the numbers of a run.

    >>> code_of(RunConfig(model="small-resnet"))[-1]
    'models/small_resnet.py'
    """
    measured = ("experiments/landscape.py",) if config.measure_every else ()
    noisy = ("models/noisy.py",) if config.norm == "batch-noisy" else ()
    return (*_ALL_NETS, *measured, *noisy, _NET[config.model])


def is_current(recorded: str, config: RunConfig) -> bool:
    """Whether a row of `config` with the hash `recorded` has the numbers that the code gives now.

    >>> is_current(code_hash(), RunConfig()), is_current("0f", RunConfig())
    (True, False)
    """
    now = _hash_at_start(code_of(config))
    return recorded == now or _SAME_NUMBERS.get(recorded) == now


@cache
def _hash_at_start(files: tuple[str, ...]) -> str:
    # A row is compared hundreds of times; what this process runs does not change any more.
    return code_hash(files)


def _meaning(node: object) -> object:
    """A syntax tree as nested lists, without docstrings and empty fields.

    Not `ast.dump`: its text differs between versions of Python, which add fields that are mostly empty.
    """
    if isinstance(node, list):
        return [_meaning(part) for part in node if not _is_docstring(part)]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = [(name, _meaning(value)) for name, value in ast.iter_fields(node) if value not in (None, [])]
    return [type(node).__name__, *fields]


def _is_docstring(node: object) -> bool:
    # Any statement that is a bare string: it does nothing, wherever it stands.
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def provenance(data: Dataset | None = None, *, code: Sequence[str] = CODE) -> dict[str, Any]:
    """The part of a row that says where it came from. No path and no host name enters.

    `code` names the files whose hash is kept. A benchmark has no data, so its rows have no "data".

    >>> from bncourse.data import load
    >>> provenance(load("shapes", train=10, test=10))["data"]["source"]
    'embedded shapes, seed 0'
    >>> sorted(provenance(code=["reference/staged.py"]))
    ['code_hash', 'machine', 'versions']
    """
    origin: dict[str, Any] = {
        "code_hash": code_hash(code),
        "versions": {"python": platform.python_version()}
        | {name: _version(name) for name in ("bncourse", "numpy", "torch")},
        "machine": f"{platform.system()} {platform.machine()}, {_processor()}",
    }
    if data is not None:
        origin["data"] = {"name": data.name, "source": data.source, "digest": data.digest}
    return origin


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
