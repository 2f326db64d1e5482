"""Networks with the norm passed in; they need PyTorch. Chapters: start-here, twelve-configurations."""

from bncourse.models.norms import NORMS, NormFactory, make_norm
from bncourse.models.seed_cnn import PLACES, SeedCNN

__all__ = ["NORMS", "PLACES", "NormFactory", "SeedCNN", "make_norm"]
