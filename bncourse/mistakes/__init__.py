"""Wrong twins: whole functions with one slip each, for tests that must fail. Chapter: gradient-checking.

    from bncourse import mistakes
    wrong = mistakes.find("backward.no-mean-path")
    wrong.fn(dy, values)          # the arguments of the right function, another answer
    mistakes.of("backward")       # all twins of one subject
    mistakes.right("backward")    # the function they are twins of

subject    arguments                                               result
forward    x, gamma, beta, *, eps                                  y
backward   dy, values (those of `staged_forward`)                  dx, dgamma, dbeta
running    stats, x                                                stats
inference  x, gamma, beta, stats, *, eps                           y
modes      x, gamma, beta, stats, *, eps, training                 y, stats
"""

from collections.abc import Callable
from typing import Any

from bncourse.conventions import Batch, FloatBatch, Row
from bncourse.errors import StateError
from bncourse.mistakes.backward_params import BACKWARD_PARAMS
from bncourse.mistakes.backward_steps import BACKWARD_STEPS
from bncourse.mistakes.backward_terms import BACKWARD_TERMS
from bncourse.mistakes.forward_output import FORWARD_OUTPUT
from bncourse.mistakes.forward_statistics import FORWARD_STATISTICS
from bncourse.mistakes.inference import INFERENCE, MODES, layer
from bncourse.mistakes.running import RUNNING
from bncourse.mistakes.twin import Mistake
from bncourse.reference.forward import batchnorm_forward
from bncourse.reference.running import RunningStats, batchnorm_inference
from bncourse.reference.staged import staged_backward

__all__ = ["MISTAKES", "Mistake", "find", "of", "right"]

MISTAKES: tuple[Mistake, ...] = (
    *FORWARD_STATISTICS,
    *FORWARD_OUTPUT,
    *BACKWARD_TERMS,
    *BACKWARD_STEPS,
    *BACKWARD_PARAMS,
    *RUNNING,
    *INFERENCE,
    *MODES,
)


def _forward(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatBatch:
    return batchnorm_forward(x, gamma, beta, eps=eps)[0]


_RIGHT: dict[str, Callable[..., Any]] = {
    "forward": _forward,
    "backward": staged_backward,
    "running": RunningStats.update,
    "inference": batchnorm_inference,
    "modes": layer,
}


def find(code: str) -> Mistake:
    """The mistake with this code. Raises StateError when there is none.

    >>> find("backward.no-mean-path").equals
    'the version without the mean path'
    """
    for mistake in MISTAKES:
        if mistake.code == code:
            return mistake
    subject = code.partition(".")[0]
    hint = f"one of mistakes.of({subject!r})" if subject in _RIGHT else f"a subject: {', '.join(_RIGHT)}"
    raise StateError("the code is that of a mistake", got=repr(code), hint=hint)


def of(subject: str) -> tuple[Mistake, ...]:
    """All mistakes of one subject. Raises StateError when the subject does not exist.

    >>> [mistake.code for mistake in of("inference")][:2]
    ['inference.batch-statistics', 'inference.eps-missing']
    """
    _check_subject(subject)
    return tuple(mistake for mistake in MISTAKES if mistake.subject == subject)


def right(subject: str) -> Callable[..., Any]:
    """The right function of a subject, with the arguments of its twins. Raises StateError when there is none.

    >>> right("backward").__name__
    'staged_backward'
    """
    _check_subject(subject)
    return _RIGHT[subject]


def _check_subject(subject: str) -> None:
    if subject not in _RIGHT:
        raise StateError(
            f"the subject is one of {', '.join(_RIGHT)}", got=repr(subject), hint="mistakes.of('backward')"
        )
