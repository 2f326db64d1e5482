"""Figures of the book: rows or arrays in, a Picture out. Needs matplotlib. Chapters: all."""

from bncourse.plots.backward import backward_cost
from bncourse.plots.checking import let_through, step_errors
from bncourse.plots.figures import (
    batch_table,
    eps_effect,
    first_look,
    running_mean,
    transform_steps,
    variance_bias,
)
from bncourse.plots.geometry import gradient_parts, normalised_circle
from bncourse.plots.theme import Picture

__all__ = [
    "Picture",
    "backward_cost",
    "batch_table",
    "eps_effect",
    "first_look",
    "gradient_parts",
    "let_through",
    "normalised_circle",
    "running_mean",
    "step_errors",
    "transform_steps",
    "variance_bias",
]
