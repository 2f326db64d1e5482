"""Figures of the chapter why-it-works: what stands in them is what was passed in."""

import numpy as np
import pytest

from bncourse import plots


def found(step, losses=(2.0, 1.0), smoothness=4.0, change=0.1):
    layers = [{"change": 99.0, "change_cosine": 1.0, "drift": 0.0}]
    layers += [{"change": change, "change_cosine": 0.5, "drift": 0.02}]
    changes = [0.2, 0.6]
    return {"step": step, "losses": losses, "changes": changes, "smoothness": smoothness, "layers": layers}


def row(norm, *measurements, rate=0.1, accuracy=0.5):
    return {
        "config": {"norm": norm, "learning_rate": rate},
        "measurements": list(measurements) or [found(0), found(26)],
        "test_accuracy": accuracy,
    }


def drawn(axes):
    """Lines with something on them; those of the legend are empty."""
    return [line for line in axes.lines if len(line.get_xdata())]


def bounds(collection):
    return collection.get_paths()[0].get_extents().bounds


def test_the_band_of_the_loss_goes_from_the_lowest_to_the_highest_on_the_way():
    rows = [row("batch"), row("batch", found(0, losses=(4.0, 3.0)), found(26))]
    loss, change, _ = plots.landscape_ranges(rows).figure.axes
    low, high = (line.get_ydata().tolist() for line in drawn(loss))
    assert (low, high) == ([2.0, 1.0], [3.0, 2.0])  # means of the two runs
    assert bounds(change.collections[0]) == pytest.approx((0, 0.2, 26, 0.4))


def test_smoothness_is_a_line_of_means_in_a_band_of_runs():
    rows = [row("none", found(0, smoothness=s), found(26, smoothness=s)) for s in (2.0, 6.0)]
    *_, smooth = plots.landscape_ranges(rows).figure.axes
    assert drawn(smooth)[0].get_ydata().tolist() == [4.0, 4.0]
    assert bounds(smooth.collections[0]) == pytest.approx((0, 2.0, 26, 4.0))


def test_the_shift_is_that_of_layers_with_a_layer_before_them():
    length, cosine, drift = plots.shift_along_training([row("batch-noisy")]).figure.axes
    assert [drawn(ax)[0].get_ydata()[0] for ax in (length, cosine, drift)] == [0.1, 0.5, 0.02]


def test_a_run_that_ended_early_leaves_a_gap():
    rows = [row("none"), row("none", found(0))]
    length, *_ = plots.shift_along_training(rows).figure.axes
    assert np.isnan(drawn(length)[0].get_ydata()).tolist() == [False, True]


def test_a_rate_has_the_mean_of_its_runs_and_a_stroke_over_them():
    rows = [row("none", accuracy=share) for share in (0.4, 0.6)]
    rows += [row("none", rate=1.0, accuracy=None)]
    axes = plots.rate_ladder(rows).figure.axes[0]
    line, first, second, chance = axes.lines
    assert line.get_xdata().tolist() == [0.1, 1.0]
    assert line.get_ydata().tolist() == [50.0, 10.0]  # a run that diverged guesses
    assert tuple(list(part.get_ydata()) for part in (first, second)) == ([40.0, 60.0], [10.0, 10.0])
    assert list(chance.get_ydata()) == [10.0, 10.0]


def test_only_the_norms_that_were_run_are_in_the_legend():
    picture = plots.rate_ladder([row("batch")])
    (legend,) = picture.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["with batch norm"]


def test_without_rows_there_is_an_empty_ladder():
    assert "<svg" in plots.rate_ladder([]).svg()
