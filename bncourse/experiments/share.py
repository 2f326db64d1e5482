"""What one process does of a run; `distributed` divides it among workers. Chapter: ship-and-scale."""

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

__all__ = ["Share"]


@dataclass(frozen=True)
class Share:
    """The part of one process in a run; alone, all of it.

    own:   its images of every batch
    mean:  of the losses of an epoch, over all processes
    first: whether it is the one that measures accuracy

    >>> Share().first
    True
    """

    own: slice = field(default_factory=lambda: slice(None))
    mean: Callable[[Tensor], Tensor] = lambda losses: losses
    first: bool = True
