"""Batch normalisation in NumPy, written to be read. Chapters: transform, train-and-inference.

Formulas are those of Ioffe and Szegedy, "Batch Normalization", 2015 (arXiv 1502.03167).
"""

from bncourse.reference.forward import BatchNormCache, batchnorm_forward
from bncourse.reference.running import (
    RunningStats,
    batchnorm_inference,
    new_weight_from_old,
    old_weight_from_new,
)
from bncourse.reference.simplified import batchnorm_backward

__all__ = [
    "BatchNormCache",
    "RunningStats",
    "batchnorm_backward",
    "batchnorm_forward",
    "batchnorm_inference",
    "new_weight_from_old",
    "old_weight_from_new",
]
