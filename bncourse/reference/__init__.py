"""Batch normalisation in NumPy, written to be read. Chapters: transform, train-and-inference,
convolutions, small-batches, ship-and-scale.

Formulas are those of Ioffe and Szegedy, "Batch Normalization", 2015 (arXiv 1502.03167), where no
other source is named.
"""

from bncourse.reference.channels import NormCache
from bncourse.reference.family import (
    groupnorm_backward,
    groupnorm_forward,
    instancenorm_backward,
    instancenorm_forward,
    layernorm_backward,
    layernorm_forward,
    rmsnorm_backward,
    rmsnorm_forward,
)
from bncourse.reference.fold import fold_batchnorm
from bncourse.reference.forward import BatchNormCache, batchnorm_forward
from bncourse.reference.merge import merge_stats
from bncourse.reference.normalise import normalise
from bncourse.reference.remedies import (
    RenormCache,
    batch_renorm,
    batch_renorm_backward,
    frozen_batchnorm,
    frozen_batchnorm_backward,
    ghost_batchnorm,
    ghost_batchnorm_backward,
)
from bncourse.reference.running import (
    RunningStats,
    batchnorm_inference,
    new_weight_from_old,
    old_weight_from_new,
)
from bncourse.reference.simplified import batchnorm_backward
from bncourse.reference.spatial import (
    serialised_batchnorm,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)
from bncourse.reference.sync import SyncCache, syncbn_backward, syncbn_forward
from bncourse.reference.weights import weight_standardise, weight_standardise_backward

__all__ = [
    "BatchNormCache",
    "NormCache",
    "RenormCache",
    "RunningStats",
    "SyncCache",
    "batch_renorm",
    "batch_renorm_backward",
    "batchnorm_backward",
    "batchnorm_forward",
    "batchnorm_inference",
    "fold_batchnorm",
    "frozen_batchnorm",
    "frozen_batchnorm_backward",
    "ghost_batchnorm",
    "ghost_batchnorm_backward",
    "groupnorm_backward",
    "groupnorm_forward",
    "instancenorm_backward",
    "instancenorm_forward",
    "layernorm_backward",
    "layernorm_forward",
    "merge_stats",
    "new_weight_from_old",
    "normalise",
    "old_weight_from_new",
    "rmsnorm_backward",
    "rmsnorm_forward",
    "serialised_batchnorm",
    "spatial_batchnorm_backward",
    "spatial_batchnorm_forward",
    "syncbn_backward",
    "syncbn_forward",
    "weight_standardise",
    "weight_standardise_backward",
]
