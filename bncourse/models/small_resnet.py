"""A small residual net, narrow enough for a CPU, with its norm passed in. Chapter: small-batches."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from bncourse.models.norms import NormFactory, make_norm

__all__ = ["SmallResNet"]


class _Block(nn.Module):
    """Two 3×3 convolutions and a way around them: y = relu(shortcut(x) + residual(x))."""

    def __init__(self, norm: str | NormFactory, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.norm1 = _conv_and_norm(norm, inputs, outputs, 3, stride)
        self.conv2, self.norm2 = _conv_and_norm(norm, outputs, outputs, 3, 1)
        self.shortcut: nn.Module = nn.Identity()
        if inputs != outputs or stride != 1:
            self.shortcut = nn.Sequential(*_conv_and_norm(norm, inputs, outputs, 1, stride))

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N K h w"]:
        residual = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(residual + self.shortcut(x))


def _conv_and_norm(
    norm: str | NormFactory, inputs: int, outputs: int, size: int, stride: int
) -> tuple[nn.Module, nn.Module]:
    conv = nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2)
    after = make_norm(norm, outputs, dims=2)
    if not isinstance(after, nn.Identity):
        # The norm subtracts the mean, and a bias with it; beta takes over. Taken away only after it was
        # drawn, so that nets of one seed share all other weights, with a norm or without.
        conv.register_parameter("bias", None)
    return conv, after


class SmallResNet(nn.Module):
    """A residual net for 32 × 32 pictures: three stages of one block, 16, 32 and 64 channels wide.

    conv 3×3×16 stride 2, norm, ReLU · block 16 on 16×16 · block 32 on 8×8 · block 64 on 4×4 ·
    mean over H and W · dense 10. Each norm stands between a convolution and the ReLU, as in He et al.,
    and the convolution before it has no bias. 77,706 parameters without a norm.

    norm:  "none", "batch" or any other name of `make_norm`, or a function (channels, dims) -> module
    width: scales 16, 32 and 64

    Norms draw no random numbers, so nets made from one seed share the weights of all other layers.
    Raises StateError for an unknown norm.

    Source: He et al. 2015 (arXiv 1512.03385), section 4.2, with one block a stage and a stride in the
    first convolution; both make it cheap.

    >>> import torch
    >>> net = SmallResNet("group")
    >>> net(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """

    def __init__(self, norm: str | NormFactory = "batch", *, width: float = 1.0) -> None:
        super().__init__()
        first, second, third = (max(1, round(width * full)) for full in (16, 32, 64))
        conv, after = _conv_and_norm(norm, 3, first, 3, 2)
        self.stem = nn.Sequential(conv, after, nn.ReLU())
        self.stages = nn.Sequential(
            _Block(norm, first, first, 1), _Block(norm, first, second, 2), _Block(norm, second, third, 2)
        )
        self.classifier = nn.Linear(third, 10)

    def forward(self, x: Float[Tensor, "N 3 32 32"]) -> Float[Tensor, "N 10"]:
        """Logits, one row a picture."""
        maps = self.stages(self.stem(x))
        logits: Tensor = self.classifier(maps.mean(dim=(2, 3)))
        return logits
