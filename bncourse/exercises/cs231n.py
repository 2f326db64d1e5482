"""A file of CS231n's assignment 2, judged function by function. Chapter: gradient-checking.

    batchnorm_forward(x, gamma, beta, bn_param) -> out, cache
    batchnorm_backward(dout, cache), batchnorm_backward_alt(dout, cache) -> dx, dgamma, dbeta
    layernorm_forward(x, gamma, beta, ln_param), layernorm_backward(dout, cache)
    spatial_batchnorm_forward(x, gamma, beta, bn_param), spatial_batchnorm_backward(dout, cache)
    spatial_groupnorm_forward(x, gamma, beta, G, gn_param), spatial_groupnorm_backward(dout, cache)

A backward is judged on the cache of its own forward; a fault that was made in another function is laid there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bncourse.exercises.cs231n_assignment import Assignment
from bncourse.exercises.cs231n_families import FUNCTIONS
from bncourse.exercises.judging import LIMIT
from bncourse.exercises.loading import IMPORT_LIMIT, Loaded, load
from bncourse.exercises.verdict import Verdict
from bncourse.exercises.words import entry, filled, word

__all__ = ["FUNCTIONS", "Finding", "judge_file", "judge_functions", "not_imported"]

Function = Callable[..., Any]


@dataclass(frozen=True)
class Finding:
    """One line of the report. `status` is one of those of a verdict.

    >>> Finding("layernorm_forward", "pass").right
    True
    """

    function: str
    status: str
    code: str | None = None
    evidence: str = "none"
    inherited_from: str | None = None
    message: str = ""

    @property
    def right(self) -> bool:
        """Nothing written here, and nothing that this was given, is wrong."""
        return self.status in ("pass", "not_attempted") and self.inherited_from is None

    @classmethod
    def of(cls, verdict: Verdict) -> "Finding":
        """A verdict as one line."""
        return cls(
            verdict.check, verdict.status, verdict.code, verdict.evidence, verdict.inherited_from,
            _message(verdict),
        )  # fmt: skip

    def text(self) -> str:
        """The line, in the reader's language."""
        return f"{self.function}: {word('status', self.status)}" + (
            f". {self.message}" if self.message else ""
        )


def judge_file(path: Path, *, limit: float = LIMIT, import_limit: float = IMPORT_LIMIT) -> list[Finding]:
    """The findings on every function of the assignment that the file has.

    A file that cannot be imported has one finding, under the file's name; `limit` holds for each check.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "layers.py")
    ...     _ = path.write_text("def batchnorm_forward(x, gamma, beta, bn_param): ...")
    ...     [(finding.function, finding.status) for finding in judge_file(path)]
    [('batchnorm_forward', 'not_attempted')]
    """
    loaded = load(path, limit=import_limit)
    if loaded.problem:
        return [not_imported(path, loaded, import_limit)]
    functions = {name: loaded.names[name] for name in FUNCTIONS if callable(loaded.names.get(name))}
    return judge_functions(functions, limit=limit)


def not_imported(path: Path, loaded: Loaded, limit: float) -> Finding:
    """The one finding on a file that could not be read.

    >>> not_imported(Path("a.py"), Loaded(problem="call.exit", error="SystemExit: 0"), 1.0).message
    'a.py could not be imported: SystemExit: 0'
    """
    status = "timeout" if loaded.problem == "call.timeout" else "error"
    told = loaded.error or filled(entry(str(loaded.problem))["seen"], seconds=f"{limit:g}")
    message = filled(word("cli", "not-imported"), file=path.name, error=told)
    return Finding(path.name, status, loaded.problem, message=message)


def judge_functions(functions: Mapping[str, Function], *, limit: float = LIMIT) -> list[Finding]:
    """The findings on functions by name, in the order of the assignment.

    >>> [finding.status for finding in judge_functions({"layernorm_forward": lambda *args: (None, None)})]
    ['not_attempted']
    """
    assignment = Assignment(functions, limit)
    names = [name for name in FUNCTIONS if name in functions]
    for name in names:
        assignment.verdict(name)
    return [_finding(name, assignment) for name in names]


def _finding(name: str, assignment: Assignment) -> Finding:
    given_wrong = assignment.keeps_wrong_values(name)
    if given_wrong:  # its output is right, what it keeps is not
        message = filled(word("cli", "cache"), function=given_wrong)
        return Finding(name, "fail", "unknown", "property", message=message)
    return Finding.of(assignment.verdict(name))


def _message(verdict: Verdict) -> str:
    """What was seen, in one sentence; whose fault it is."""
    if verdict.inherited_from and not verdict:
        return filled(word("cli", "no-cache"), function=verdict.inherited_from)
    if verdict.inherited_from:
        return filled(word("card", "inherited"), function=verdict.inherited_from)
    if verdict or verdict.status == "not_attempted":
        return ""
    return verdict.text().splitlines()[1].removeprefix(word("card", "seen")).lstrip(":： ")
