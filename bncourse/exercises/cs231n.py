"""A file of CS231n's assignment 2, judged function by function. Chapter: gradient-checking.

    batchnorm_forward(x, gamma, beta, bn_param) -> out, cache
    batchnorm_backward(dout, cache), batchnorm_backward_alt(dout, cache) -> dx, dgamma, dbeta

A backward is judged on the cache of its own forward; a fault in that cache is laid at the forward's door.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bncourse.exercises.cs231n_blame import judge_backward
from bncourse.exercises.cs231n_rows import forward_parts
from bncourse.exercises.judging import LIMIT, judge
from bncourse.exercises.loading import IMPORT_LIMIT, Loaded, load
from bncourse.exercises.sandbox import is_unwritten
from bncourse.exercises.verdict import Verdict
from bncourse.exercises.words import entry, filled, word

__all__ = ["FUNCTIONS", "Finding", "judge_file", "judge_functions", "not_imported"]

Function = Callable[..., Any]

# The functions of the assignment in its order: a backward with its forward; whether there is a check.
FUNCTIONS: dict[str, tuple[str | None, bool]] = {
    "batchnorm_forward": (None, True),
    "batchnorm_backward": ("batchnorm_forward", True),
    "batchnorm_backward_alt": ("batchnorm_forward", True),
    "layernorm_forward": (None, False),
    "layernorm_backward": ("layernorm_forward", False),
    "spatial_batchnorm_forward": (None, False),
    "spatial_batchnorm_backward": ("spatial_batchnorm_forward", False),
    "spatial_groupnorm_forward": (None, False),
    "spatial_groupnorm_backward": ("spatial_groupnorm_forward", False),
}
_CLEAR = ("exact", "coefficients", "pair")  # evidence that names something, strongest first


@dataclass(frozen=True)
class Finding:
    """One line of the report. `status` is one of those of a verdict, or "no_check".

    >>> Finding("layernorm_forward", "no_check").right
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
        return self.status in ("pass", "not_attempted", "no_check") and self.inherited_from is None

    @classmethod
    def of(cls, verdict: Verdict) -> "Finding":
        """A verdict as one line."""
        return cls(
            verdict.check, verdict.status, verdict.code, verdict.evidence, verdict.inherited_from,
            _message(verdict),
        )  # fmt: skip

    def text(self) -> str:
        """The line, in the reader's language."""
        status = word("cli", "no-check") if self.status == "no_check" else word("status", self.status)
        return f"{self.function}: {status}" + (f". {self.message}" if self.message else "")


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

    >>> [finding.status for finding in judge_functions({"layernorm_forward": lambda *args: None})]
    ['no_check']
    """
    found: dict[str, Verdict] = {}
    trained = Verdict("batchnorm_forward", "not_attempted")
    if "batchnorm_forward" in functions:
        parts = _forward(functions["batchnorm_forward"], limit)
        trained, found["batchnorm_forward"] = parts[0], _chosen(parts)
    for name in ("batchnorm_backward", "batchnorm_backward_alt"):
        if name in functions:
            verdict = _backward(functions, name, trained, limit)
            found[name] = replace(verdict, check=name)
    return [_finding(name, functions[name], found) for name in FUNCTIONS if name in functions]


def _forward(fn: Function, limit: float) -> list[Verdict]:
    """Output in training first; the rest only when there is one."""
    verdicts: list[Verdict] = []
    for row, part in forward_parts(fn):
        verdicts.append(replace(judge(row, part, limit=limit), check="batchnorm_forward"))
        if verdicts[-1].status in ("not_attempted", "timeout") and len(verdicts) == 1:
            break
    return verdicts


def _chosen(parts: list[Verdict]) -> Verdict:
    """What stopped the first call; else the clearest name, both modes together asked before each alone."""
    if parts[0].status not in ("pass", "fail"):
        return parts[0]
    wrong = [part for part in (*parts[-1:], *parts[:-1]) if not part]
    for evidence in _CLEAR:
        for part in wrong:
            if part.evidence == evidence:
                return part
    first = next((part for part in parts if not part), parts[0])
    if first.status == "not_attempted":  # one mode is written, the other is not
        return replace(first, status="error", code="call.none")
    return first


def _backward(functions: Mapping[str, Function], name: str, trained: Verdict, limit: float) -> Verdict:
    forward = functions.get("batchnorm_forward")
    if is_unwritten(functions[name]):
        return Verdict(name, "not_attempted", "call.not-attempted")
    if forward is not None and trained.status in ("pass", "fail", "broken_contract"):
        return judge_backward(forward, functions[name], trained, limit=limit)
    # There is no cache. A start that was not touched does not look at it; what was written cannot be judged.
    found = judge_backward(lambda x, *_: (x, None), functions[name], Verdict(name, "pass"), limit=limit)
    if found.status == "not_attempted":
        return found
    return Verdict(name, "broken_contract", inherited_from="batchnorm_forward")


def _finding(name: str, fn: Function, found: Mapping[str, Verdict]) -> Finding:
    if not FUNCTIONS[name][1]:
        status = "not_attempted" if is_unwritten(fn) else "no_check"
        return Finding(name, status)
    verdict = found[name]
    given_wrong = [other.check for other in found.values() if other and other.inherited_from == name]
    if verdict and given_wrong:  # its output is right, what it keeps is not
        message = filled(word("cli", "cache"), function=given_wrong[0])
        return Finding(name, "fail", "unknown", "property", message=message)
    return Finding.of(verdict)


def _message(verdict: Verdict) -> str:
    """What was seen, in one sentence; whose fault it is."""
    if verdict.inherited_from and not verdict:
        return filled(word("cli", "no-cache"), function=verdict.inherited_from)
    if verdict.inherited_from:
        return filled(word("card", "inherited"), function=verdict.inherited_from)
    if verdict or verdict.status == "not_attempted":
        return ""
    return verdict.text().splitlines()[1].removeprefix(word("card", "seen")).lstrip(":： ")
