"""The rows about how a net is put together: optimiser groups, a block.

Chapters: placement, twelve-configurations.
"""

from typing import Any

from bncourse.exercises.row import Exercise, Function
from bncourse.exercises.structures import flat_block, flat_groups

__all__ = ["STRUCTURE_ROWS"]


def _made(*order: str, bias: bool) -> Function:
    """A block with its layers in another order; a bias in the convolution or none."""

    def block(c_in: int, c_out: int) -> Any:
        from torch import nn

        conv = nn.Conv2d(c_in, c_out, 3, padding=1, bias=bias)
        norm = nn.BatchNorm2d(c_in if order[0] == "norm" else c_out)
        layers = {"conv": conv, "norm": norm, "relu": nn.ReLU()}
        return nn.Sequential(*(layers[name] for name in order))

    return block


# Where no norm comes right behind the convolution, its bias is no fault: the order is.
_VARIANTS = (
    ("block-order.no-norm", _made("conv", "relu", bias=True)),
    ("block-order.norm-last", _made("conv", "relu", "norm", bias=True)),
    ("block-order.norm-first", _made("norm", "conv", "relu", bias=True)),
    ("block-order.norm-first", _made("norm", "relu", "conv", bias=True)),
    ("block-order.norm-first", _made("norm", "relu", "conv", bias=False)),
)


def _pairs() -> dict[tuple[str, str], Function]:
    return {
        ("block-order.conv-bias", "block-order.no-activation"): _made("conv", "norm", bias=True),
        ("block-order.no-norm", "block-order.no-activation"): _made("conv", bias=False),
    }


STRUCTURE_ROWS: tuple[Exercise, ...] = (
    Exercise(
        "param_groups", "param-groups", "twelve-configurations", ("model", "weight_decay"), ("groups",),
        flatten=flat_groups,
    ),
    Exercise(
        "block_order", "block-order", "placement", ("c_in", "c_out"), ("block",), pairs=_pairs,
        variants=_VARIANTS, flatten=flat_block,
    ),
)  # fmt: skip
