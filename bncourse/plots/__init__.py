"""Figures of the book: rows or arrays in, a Picture out. Needs matplotlib. Chapters: all."""

from bncourse.plots.axes_figure import norm_axes
from bncourse.plots.backward import backward_cost
from bncourse.plots.batch_sizes import batch_size_errors, statistics_noise
from bncourse.plots.checking import let_through, step_errors
from bncourse.plots.figures import (
    batch_table,
    eps_effect,
    first_look,
    running_mean,
    transform_steps,
    variance_bias,
)
from bncourse.plots.foundations import (
    layer_histograms,
    scaled_descent,
    sigmoid_zones,
    surviving_scales,
    update_ratios,
    whitened_clouds,
)
from bncourse.plots.geometry import gradient_parts, normalised_circle
from bncourse.plots.landscape import landscape_ranges, rate_ladder, shift_along_training, weight_norms
from bncourse.plots.maps import reached_cells, shown_maps
from bncourse.plots.placement import block_outputs, layer_moments, placement_runs, skip_variance
from bncourse.plots.theme import Picture
from bncourse.plots.twelve import accuracy_curves, honest_intervals, initialisation_bars, scale_map

__all__ = [
    "Picture",
    "accuracy_curves",
    "backward_cost",
    "batch_size_errors",
    "batch_table",
    "block_outputs",
    "eps_effect",
    "first_look",
    "gradient_parts",
    "honest_intervals",
    "initialisation_bars",
    "landscape_ranges",
    "layer_histograms",
    "layer_moments",
    "let_through",
    "norm_axes",
    "normalised_circle",
    "placement_runs",
    "rate_ladder",
    "reached_cells",
    "running_mean",
    "scale_map",
    "scaled_descent",
    "shift_along_training",
    "shown_maps",
    "sigmoid_zones",
    "skip_variance",
    "statistics_noise",
    "step_errors",
    "surviving_scales",
    "transform_steps",
    "update_ratios",
    "variance_bias",
    "weight_norms",
    "whitened_clouds",
]
