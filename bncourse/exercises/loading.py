"""A learner's file, imported where it can do no harm. Chapter: start-here."""

import importlib.util
import sys
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bncourse.exercises.sandbox import call

__all__ = ["IMPORT_LIMIT", "Loaded", "load"]

IMPORT_LIMIT = 10.0  # seconds: a file may import something large


@dataclass(frozen=True)
class Loaded:
    """The names of a file, or why there are none: a code of `call.*` and Python's own text.

    >>> Loaded({"answer": 42}).problem is None
    True
    """

    names: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None
    error: str = ""


def load(path: Path, *, limit: float = IMPORT_LIMIT) -> Loaded:
    """Run a Python file under a time limit, its output kept from the screen.

    A file of a package (a folder with `__init__.py`) may import its neighbours. Nothing stays in
    `sys.modules`, so a file that changed is read anew.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "mine.py"); _ = path.write_text("half = 1 / 2"); load(path).names["half"]
    0.5
    """
    with _importing(path.resolve()) as module:
        outcome = call(_run, (module, path.resolve()), limit=limit)
    return Loaded(vars(module), outcome.problem, outcome.error)


def _run(module: types.ModuleType, path: Path) -> None:
    code = compile(path.read_bytes(), str(path), "exec")  # no __pycache__ is left beside the file
    exec(code, vars(module))


@contextmanager
def _importing(path: Path) -> Iterator[types.ModuleType]:
    package = path.parent.name if (path.parent / "__init__.py").exists() else ""
    module = types.ModuleType(f"{package}.{path.stem}" if package else path.stem)
    module.__file__, module.__package__ = str(path), package
    before = dict(sys.modules), list(sys.path), sys.dont_write_bytecode
    sys.modules[module.__name__] = module
    sys.path[:0] = [str(path.parent), str(path.parent.parent)]
    sys.dont_write_bytecode = True
    _old_names(path)
    try:
        yield module
    finally:
        sys.path[:], sys.dont_write_bytecode = before[1], before[2]
        for name, found in list(sys.modules.items()):
            if before[0].get(name) is not found and _beside(found, path):
                sys.modules.pop(name)
                if name in before[0]:
                    sys.modules[name] = before[0][name]


def _beside(module: Any, path: Path) -> bool:
    return Path(getattr(module, "__file__", None) or "/").parent == path.parent


def _old_names(path: Path) -> None:
    """CS231n's files of 2017 import `xrange` from `past.builtins`, which few have today."""
    if importlib.util.find_spec("past") is None:
        for name in ("past", "past.builtins"):
            sys.modules[name] = types.ModuleType(name)
            sys.modules[name].__file__ = str(path)  # so that it goes when the file's neighbours go
        vars(sys.modules["past.builtins"])["xrange"] = range
