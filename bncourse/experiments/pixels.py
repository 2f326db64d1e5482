"""From stored bytes to what a net sees: scaled, and perhaps shifted and mirrored. Chapter: start-here.

Letters: N images of a batch, M images in all.
"""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional as F

__all__ = ["augment", "pixel_moments", "scale_moments", "standardise"]

_PADDING = 4


def pixel_moments(
    images: UInt8[np.ndarray, "M 3 H W"],
) -> tuple[Float[Tensor, "3 1 1"], Float[Tensor, "3 1 1"]]:
    """Mean and standard deviation of each colour, pixels counted from 0 to 1.

    >>> mean, std = pixel_moments(np.array([0, 255], dtype=np.uint8).reshape(2, 1, 1, 1).repeat(3, axis=1))
    >>> mean.flatten(), std.flatten()
    (tensor([0.5000, 0.5000, 0.5000]), tensor([0.5000, 0.5000, 0.5000]))
    """
    count = images.size // 3
    total = images.sum(axis=(0, 2, 3), dtype=np.int64)
    squares = np.einsum("mchw,mchw->c", images, images, dtype=np.int64)
    mean = total / count
    # E[x²] − E[x]² is safe here and only here: both sums are exact integers.
    std = np.sqrt(squares / count - mean**2)
    as_column = torch.tensor(np.stack([mean, std]) / 255, dtype=torch.float32).view(2, 3, 1, 1)
    return as_column[0], as_column[1]


def scale_moments(
    scale: str, images: UInt8[np.ndarray, "M 3 H W"]
) -> tuple[Float[Tensor, "3 1 1"], Float[Tensor, "3 1 1"]]:
    """What `standardise` subtracts and divides by, for a `RunConfig.input_scale`.

    >>> scale_moments("raw", np.zeros((1, 3, 1, 1), np.uint8))[1].flatten() * 255
    tensor([1., 1., 1.])
    """
    if scale == "standardised":
        return pixel_moments(images)
    divisor = 1.0 if scale == "unit" else 1 / 255
    return torch.zeros(3, 1, 1), torch.full((3, 1, 1), divisor)


def standardise(
    images: UInt8[Tensor, "N 3 H W"], mean: Float[Tensor, "3 1 1"], std: Float[Tensor, "3 1 1"]
) -> Float[Tensor, "N 3 H W"]:
    """Bytes to floats: counted from 0 to 1, `mean` subtracted, divided by `std`, in each colour.

    >>> half = torch.full((3, 1, 1), 0.5)
    >>> standardise(torch.full((1, 3, 1, 1), 255, dtype=torch.uint8), half, half).flatten()
    tensor([1., 1., 1.])
    """
    return (images.float() / 255 - mean) / std


def augment(
    images: UInt8[Tensor, "N 3 H W"], generator: torch.Generator | None = None
) -> UInt8[Tensor, "N 3 H W"]:
    """Each image shifted by −4 to 4 pixels along H and W, black moving in, and half of them mirrored.

    One gather for the whole batch, on the images' device; `generator` is one of the CPU.

    Source: He et al. 2015 (arXiv 1512.03385), section 4.2.

    >>> augment(torch.zeros(8, 3, 32, 32, dtype=torch.uint8)).shape
    torch.Size([8, 3, 32, 32])
    """
    count, _, height, width = images.shape
    shifts = torch.randint(0, 2 * _PADDING + 1, (2, count, 1), generator=generator)
    mirrored = torch.rand(count, 1, generator=generator) < 0.5
    rows = shifts[0] + torch.arange(height)
    columns = torch.arange(width)
    columns = shifts[1] + torch.where(mirrored, columns.flip(0), columns)
    # First the index of each pixel in the padded image: one flat gather is what a CPU does fastest.
    index = (rows[:, :, None] * (width + 2 * _PADDING) + columns[:, None, :]).view(count, 1, -1)
    padded = F.pad(images, (_PADDING,) * 4).flatten(2)
    return padded.gather(2, index.to(images.device).expand(-1, images.shape[1], -1)).view(images.shape)
