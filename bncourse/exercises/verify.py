"""Does every exercise keep its promises, in every language there is? Chapter: gradient-checking."""

from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import numpy as np

from bncourse import mistakes
from bncourse.errors import StateError
from bncourse.exercises.judging import judge
from bncourse.exercises.render import hints
from bncourse.exercises.specs import EXERCISES, exercise
from bncourse.exercises.verdict import Verdict
from bncourse.exercises.words import entry
from bncourse.language import LANGUAGES

__all__ = ["broken_promises", "languages", "names", "solution", "starter"]

_FIELDS = ("name", "meaning", "why", "next")


def names() -> list[str]:
    """The exercises a learner is asked about, in order.

    >>> names()[0]
    'batchnorm_forward'
    """
    return [name for name, row in EXERCISES.items() if not row.takes_class]


def languages() -> list[str]:
    """The languages that have messages.

    >>> "en" in languages()
    True
    """
    folder = files("bncourse.exercises") / "messages"
    return [lang for lang in LANGUAGES if folder.joinpath(lang).is_dir()]


def starter(name: str) -> str:
    """What a learner begins with.

    >>> print(starter("inference"))
    def inference(x, gamma, beta, mean, var, eps):
        raise NotImplementedError  # returns y
    """
    row = exercise(name)
    arguments, outputs = ", ".join(row.parameters), ", ".join(row.outputs)
    return f"def {name}({arguments}):\n    raise NotImplementedError  # returns {outputs}"


def solution(name: str) -> str:
    """A solution, as text; empty when there is none.

    >>> solution("inference").splitlines()[-1]
    '    return gamma * (x - mean) / np.sqrt(var + eps) + beta'
    """
    path = files("bncourse.exercises").joinpath("solutions", f"{name}.py")
    return path.read_text(encoding="utf-8").rstrip() if path.is_file() else ""


def broken_promises(name: str) -> Iterator[str]:
    """What an exercise promises and does not keep, one line each; nothing when all is well.

    The starter is not attempted, the solution passes, each wrong twin is named, and what is said of each
    has all its sentences and three hints in every language.

    >>> list(broken_promises("inference"))
    []
    """
    try:
        yield from _broken(name)
    except StateError as error:  # what it is about is not installed
        yield f"{name}: {error}"


def _broken(name: str) -> Iterator[str]:
    if _judged(name, starter(name)).status != "not_attempted":
        yield f"{name}: the starter counts as an attempt"
    found = _judged(name, solution(name)) if solution(name) else None
    if not found:
        yield f"{name}: the solution does not pass: {found!r}"
    for twin in mistakes.of(exercise(name).subject):
        fn = exercise(name).twins()[twin.code]
        verdict = judge(exercise(name), fn, limit=20.0, rng=np.random.default_rng(0))
        if (verdict.status, verdict.code) != ("fail", twin.code):
            yield f"{name}: {twin.code} is taken for {verdict!r}"
        yield from _unsaid(verdict)


def _judged(name: str, text: str) -> Verdict:
    scope: dict[str, Callable[..., Any]] = {}
    exec(compile(text, f"{name}.py", "exec"), scope)
    return judge(exercise(name), scope[name], rng=np.random.default_rng(0))


def _unsaid(verdict: Verdict) -> Iterator[str]:
    code = str(verdict.code)
    for lang in languages():
        said, english = entry(code, lang), entry(code, "en")
        untold = [field for field in _FIELDS if not said.get(field)]
        untold += ["hints"] * (len(set(hints(verdict, lang))) != 3 or not said.get("hints"))
        if lang != "en":  # what is missing is shown in English
            untold += [field for field in (*_FIELDS, "hints") if said.get(field) == english.get(field)]
        for field in dict.fromkeys(untold):
            yield f"{verdict.check}: {code} has no {field} in {lang}"
