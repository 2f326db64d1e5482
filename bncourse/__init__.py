"""bncourse: batch normalisation, understood. The NumPy reference and the gradient check.

    import bncourse
    y, cache = bncourse.batchnorm_forward(x, gamma, beta)
    dx, dgamma, dbeta = bncourse.batchnorm_backward(dy, cache)

Loads NumPy and nothing heavier. PyTorch is needed only under `bncourse.models` and
`bncourse.experiments`, matplotlib only under `bncourse.plots`. Chapter: start-here.
"""

from bncourse.errors import BncourseError, DataError, ShapeError, StateError
from bncourse.gradients import GradcheckResult, gradcheck, numerical_gradient
from bncourse.language import current_language, use_language
from bncourse.reference import (
    BatchNormCache,
    RunningStats,
    batchnorm_backward,
    batchnorm_forward,
    batchnorm_inference,
    new_weight_from_old,
    old_weight_from_new,
)

__version__ = "0.1.0"

__all__ = [
    "batchnorm_forward",
    "batchnorm_backward",
    "batchnorm_inference",
    "BatchNormCache",
    "RunningStats",
    "new_weight_from_old",
    "old_weight_from_new",
    "numerical_gradient",
    "gradcheck",
    "GradcheckResult",
    "use_language",
    "current_language",
    "BncourseError",
    "ShapeError",
    "StateError",
    "DataError",
]
