"""Wrong twins: whole functions with one slip each, for tests that must fail. Chapter: gradient-checking.

    from bncourse import mistakes
    wrong = mistakes.find("backward.no-mean-path")
    wrong.fn(dy, values)          # the arguments of the right function, another answer
    mistakes.of("backward")       # all twins of one subject
    mistakes.right("backward")    # the function they are twins of

subject             arguments                                               result
forward             x, gamma, beta, *, eps                                  y
backward            dy, values (those of `staged_forward`)                  dx, dgamma, dbeta
running             stats, x                                                stats
inference           x, gamma, beta, stats, *, eps                           y
modes               x, gamma, beta, stats, *, eps, training                 y, stats
spatial, layer      x, gamma, beta, *, eps                                  y
group               x, gamma, beta, groups, *, eps                          y
spatial-backward, layer-backward, group-backward: dy, cache                 dx, dgamma, dbeta
folding             W, b, gamma, beta, mean, var, *, eps                    W, b
merging             count_a, mean_a, var_a, count_b, mean_b, var_b          count, mean, var
sync-backward       dys, caches                                             dxs, dgamma, dbeta
numerical-gradient  fn, x, dy, *, h                                         dx
param-groups        model, weight_decay (PyTorch, imported when called)     optimiser groups
block-order         c_in, c_out         (PyTorch, imported when called)     a block of layers
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from bncourse.errors import StateError
from bncourse.gradients import numerical_gradient
from bncourse.mistakes.backward_params import BACKWARD_PARAMS
from bncourse.mistakes.backward_steps import BACKWARD_STEPS
from bncourse.mistakes.backward_terms import BACKWARD_TERMS
from bncourse.mistakes.folding import FOLDING
from bncourse.mistakes.forward_output import FORWARD_OUTPUT
from bncourse.mistakes.forward_statistics import FORWARD_STATISTICS
from bncourse.mistakes.group_backward_axes import GROUP_BACKWARD_AXES
from bncourse.mistakes.group_backward_terms import GROUP_BACKWARD_TERMS
from bncourse.mistakes.group_forward import GROUP
from bncourse.mistakes.inference import INFERENCE, MODES, layer
from bncourse.mistakes.layer_backward import LAYER_BACKWARD
from bncourse.mistakes.layer_forward import LAYER
from bncourse.mistakes.merging import MERGING
from bncourse.mistakes.numerical import NUMERICAL
from bncourse.mistakes.running import RUNNING
from bncourse.mistakes.spatial_backward_axes import SPATIAL_BACKWARD_AXES
from bncourse.mistakes.spatial_backward_terms import SPATIAL_BACKWARD_TERMS
from bncourse.mistakes.spatial_forward import SPATIAL
from bncourse.mistakes.structure import BLOCK_ORDER, PARAM_GROUPS, block_order, param_groups
from bncourse.mistakes.sync import SYNC
from bncourse.mistakes.twin import Mistake
from bncourse.reference.family import (
    groupnorm_backward,
    groupnorm_forward,
    layernorm_backward,
    layernorm_forward,
)
from bncourse.reference.fold import fold_batchnorm
from bncourse.reference.forward import batchnorm_forward
from bncourse.reference.merge import merge_stats
from bncourse.reference.running import RunningStats, batchnorm_inference
from bncourse.reference.spatial import spatial_batchnorm_backward, spatial_batchnorm_forward
from bncourse.reference.staged import staged_backward
from bncourse.reference.sync import syncbn_backward

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
    *SPATIAL,
    *SPATIAL_BACKWARD_AXES,
    *SPATIAL_BACKWARD_TERMS,
    *LAYER,
    *LAYER_BACKWARD,
    *GROUP,
    *GROUP_BACKWARD_AXES,
    *GROUP_BACKWARD_TERMS,
    *FOLDING,
    *MERGING,
    *SYNC,
    *NUMERICAL,
    *PARAM_GROUPS,
    *BLOCK_ORDER,
)


def _only_y(forward: Callable[..., tuple[Any, Any]]) -> Callable[..., Any]:
    """The forward pass without its cache: a twin of it returns y."""

    @wraps(forward)
    def y_of(*args: Any, **settings: Any) -> Any:
        return forward(*args, **settings)[0]

    return y_of


_RIGHT: dict[str, Callable[..., Any]] = {
    "forward": _only_y(batchnorm_forward),
    "backward": staged_backward,
    "running": RunningStats.update,
    "inference": batchnorm_inference,
    "modes": layer,
    "spatial": _only_y(spatial_batchnorm_forward),
    "spatial-backward": spatial_batchnorm_backward,
    "layer": _only_y(layernorm_forward),
    "layer-backward": layernorm_backward,
    "group": _only_y(groupnorm_forward),
    "group-backward": groupnorm_backward,
    "folding": fold_batchnorm,
    "merging": merge_stats,
    "sync-backward": syncbn_backward,
    "numerical-gradient": numerical_gradient,
    "param-groups": param_groups,
    "block-order": block_order,
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
