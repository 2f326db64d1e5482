"""Batch norm followed by noise that brings the covariate shift back. Chapter: why-it-works."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["NoisyBatchNorm"]


class NoisyBatchNorm(nn.Module):
    """Batch norm, and behind it, while training, a random scale and shift of every channel of every example.

    At each step and for each channel a mean scale from 1 to 1.25 and a mean shift from −0.5 to 0.5
    are drawn anew; around them, for each example, a scale (normal, standard deviation 0.1) and a
    shift (uniform, ±0.1). So the distribution that the next layer sees changes from step to
    step, more than it would without batch norm. In inference there is no noise.

    channels, dims: as for `make_norm`

    Source: Santurkar et al. 2018 (arXiv 1805.11604), section 2.2 and appendix A, algorithm 1.

    >>> layer = NoisyBatchNorm(4, dims=2)
    >>> x = torch.randn(8, 4, 3, 3)
    >>> torch.equal(layer(x), layer(x))
    False
    >>> torch.equal(layer.eval()(x), layer(x))
    True
    """

    def __init__(self, channels: int, dims: int) -> None:
        super().__init__()
        norms = (nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
        self.norm = norms[dims](channels)

    def forward(self, x: Float[Tensor, "N C *axes"]) -> Float[Tensor, "N C *axes"]:
        """Normalised, and shaken while training."""
        y: Tensor = self.norm(x)
        if not self.training:
            return y
        mean_shift = torch.empty(y.shape[1], device=y.device).uniform_(-0.5, 0.5)
        mean_scale = torch.empty(y.shape[1], device=y.device).uniform_(1.0, 1.25)
        shift = mean_shift + torch.empty(y.shape[:2], device=y.device).uniform_(-0.1, 0.1)
        scale = mean_scale + torch.empty(y.shape[:2], device=y.device).normal_(0.0, 0.1)
        shape = (*y.shape[:2], *[1] * (y.ndim - 2))
        return y * scale.view(shape).to(y.dtype) + shift.view(shape).to(y.dtype)
