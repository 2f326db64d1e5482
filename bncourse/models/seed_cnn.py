"""The net of the Japanese CIFAR-10 article. Chapters: twelve-configurations, placement."""

from jaxtyping import Float
from torch import Tensor, nn

from bncourse.errors import StateError
from bncourse.models.norms import NormFactory, make_norm

__all__ = ["PLACEMENTS", "PLACES", "SeedCNN"]

# Where the norm goes. A net without any is norm="none".
PLACES = ("conv", "dense", "both")
# On which side of the ReLU. The article's code has it after, its text before.
PLACEMENTS = ("after", "before")


class SeedCNN(nn.Module):
    """Two convolutions and two dense layers for 32 × 32 pictures; 4,259,274 parameters without a norm.

    conv 5×5×32, ReLU, [norm], max-pool 2 · conv 5×5×64, ReLU, [norm], max-pool 2 ·
    dense 1024, ReLU, [norm], [dropout] · dense 10. The norm comes *after* the ReLU, as in the article's
    code, so the biases stay: a shift before the ReLU is not undone by it. Initialisation is PyTorch's own.

    norm:      a name such as "none", "batch", or a function (channels, dims) -> module, see `make_norm`
    where:     "conv", "dense" or "both": the places that get the norm
    placement: "after" the ReLU, or "before" it, as in the article's text. The layer in front of a norm
               then has no bias, which the norm would subtract again
    dropout:   probability of dropping a unit of the dense layer; 0 is no dropout
    width:     scales 32, 64 and 1024; 0.25 makes a net that trains in seconds on a CPU

    Norms draw no random numbers, so nets made from one seed share the weights of all other layers.
    Raises StateError for an unknown norm, place or placement.

    Source: the seed article's model; Ioffe & Szegedy 2015 (arXiv 1502.03167) for the norm.

    >>> import torch
    >>> net = SeedCNN("batch", width=0.25)
    >>> net(torch.zeros(8, 3, 32, 32)).shape
    torch.Size([8, 10])
    """

    def __init__(
        self,
        norm: str | NormFactory = "none",
        *,
        where: str = "both",
        placement: str = "after",
        dropout: float = 0.0,
        width: float = 1.0,
    ) -> None:
        super().__init__()
        if where not in PLACES:
            raise StateError(f"where is one of {', '.join(PLACES)}", got=repr(where), hint='where="both"')
        if placement not in PLACEMENTS:
            raise StateError(
                f"placement is one of {', '.join(PLACEMENTS)}", got=repr(placement), hint='placement="after"'
            )
        first, second, hidden = (max(1, round(width * full)) for full in (32, 64, 1024))
        conv_norm = "none" if where == "dense" else norm
        dense_norm = "none" if where == "conv" else norm
        self.features = nn.Sequential(
            *_activated(nn.Conv2d(3, first, 5, padding=2), make_norm(conv_norm, first, dims=2), placement),
            nn.MaxPool2d(2),
            *_activated(
                nn.Conv2d(first, second, 5, padding=2), make_norm(conv_norm, second, dims=2), placement
            ),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            *_activated(nn.Linear(second * 8 * 8, hidden), make_norm(dense_norm, hidden, dims=0), placement),
            nn.Dropout(dropout),
            nn.Linear(hidden, 10),
        )

    def forward(self, x: Float[Tensor, "N 3 32 32"]) -> Float[Tensor, "N 10"]:
        """Logits, one row a picture."""
        logits: Tensor = self.classifier(self.features(x))
        return logits


def _activated(layer: nn.Module, norm: nn.Module, placement: str) -> tuple[nn.Module, nn.Module, nn.Module]:
    """The layer, its ReLU and its norm, in their order."""
    if placement == "after":
        return layer, nn.ReLU(), norm
    if not isinstance(norm, nn.Identity):
        # Taken away only after it was drawn, so that both placements start from the same weights.
        layer.register_parameter("bias", None)
    return layer, norm, nn.ReLU()
