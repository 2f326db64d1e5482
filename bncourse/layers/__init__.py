"""The norms as PyTorch layers that a net can trust; they need PyTorch. Chapters: convolutions, small-batches.

    normalise.py   one autograd function over axes, with the simplified and the staged way back
    functional.py  batch_norm, layer_norm, … with the arguments of torch.nn.functional
    modules.py     BatchNorm2d, LayerNorm, … that stand in for those of torch.nn
    sync.py        SyncBatchNorm2d, …: batch norm over the batches of several workers

    from bncourse.layers import BatchNorm2d      # instead of: from torch.nn import BatchNorm2d

They are plain tensor operations, so they cost more than PyTorch's kernels: `make bench` measures how much.
"""

from bncourse.layers.functional import batch_norm, group_norm, instance_norm, layer_norm, rms_norm
from bncourse.layers.modules import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    GroupNorm,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    LayerNorm,
    RMSNorm,
)
from bncourse.layers.normalise import SimplifiedNorm, StagedNorm, normalise
from bncourse.layers.sync import SyncBatchNorm1d, SyncBatchNorm2d, SyncBatchNorm3d, synchronise

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "LayerNorm",
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "RMSNorm",
    "SyncBatchNorm1d",
    "SyncBatchNorm2d",
    "SyncBatchNorm3d",
    "batch_norm",
    "layer_norm",
    "group_norm",
    "instance_norm",
    "rms_norm",
    "normalise",
    "SimplifiedNorm",
    "StagedNorm",
    "synchronise",
]
