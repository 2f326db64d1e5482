"""Networks with the norm passed in; they need PyTorch. Chapters: start-here, placement, small-batches."""

from bncourse.models.convert import convert
from bncourse.models.norms import NORMS, NormFactory, group_count, make_norm
from bncourse.models.seed_cnn import PLACEMENTS, PLACES, SeedCNN
from bncourse.models.small_resnet import SmallResNet

__all__ = [
    "NORMS",
    "PLACEMENTS",
    "PLACES",
    "NormFactory",
    "SeedCNN",
    "SmallResNet",
    "convert",
    "group_count",
    "make_norm",
]
