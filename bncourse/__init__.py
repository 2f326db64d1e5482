"""bncourse: batch normalisation, understood. The NumPy reference and the gradient check.

    import bncourse
    y, cache = bncourse.batchnorm_forward(x, gamma, beta)
    dx, dgamma, dbeta = bncourse.batchnorm_backward(dy, cache)

Loads NumPy and nothing heavier. PyTorch is needed only under `bncourse.layers`, `bncourse.models`
and `bncourse.experiments`, matplotlib only under `bncourse.plots`. Chapter: start-here.
"""

from bncourse.errors import BncourseError, DataError, ShapeError, StateError
from bncourse.gradients import GradcheckResult, gradcheck, numerical_gradient
from bncourse.language import current_language, use_language
from bncourse.reference import (
    BatchNormCache,
    NormCache,
    RenormCache,
    RunningStats,
    SyncCache,
    batch_renorm,
    batch_renorm_backward,
    batchnorm_backward,
    batchnorm_forward,
    batchnorm_inference,
    fold_batchnorm,
    frozen_batchnorm,
    frozen_batchnorm_backward,
    ghost_batchnorm,
    ghost_batchnorm_backward,
    groupnorm_backward,
    groupnorm_forward,
    instancenorm_backward,
    instancenorm_forward,
    layernorm_backward,
    layernorm_forward,
    merge_stats,
    new_weight_from_old,
    old_weight_from_new,
    rmsnorm_backward,
    rmsnorm_forward,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
    syncbn_backward,
    syncbn_forward,
    weight_standardise,
    weight_standardise_backward,
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
    "spatial_batchnorm_forward",
    "spatial_batchnorm_backward",
    "layernorm_forward",
    "layernorm_backward",
    "instancenorm_forward",
    "instancenorm_backward",
    "groupnorm_forward",
    "groupnorm_backward",
    "rmsnorm_forward",
    "rmsnorm_backward",
    "NormCache",
    "ghost_batchnorm",
    "ghost_batchnorm_backward",
    "batch_renorm",
    "batch_renorm_backward",
    "RenormCache",
    "frozen_batchnorm",
    "frozen_batchnorm_backward",
    "weight_standardise",
    "weight_standardise_backward",
    "fold_batchnorm",
    "merge_stats",
    "syncbn_forward",
    "syncbn_backward",
    "SyncCache",
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
