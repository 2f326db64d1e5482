"""Figures of the chapter placement: what stands in them is what was passed in."""

import numpy as np
import pytest

from bncourse import plots


def row(side, rate, accuracy):
    config = {"placement": side, "learning_rate": rate, "log_every": 10}
    return {"config": config, "loss_curve": [2.3, 2.0], "test_accuracy": accuracy}


def marks(axes):
    """Places and heights of the single marks."""
    return [(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if len(line.get_xdata()) == 1]


def test_a_run_is_a_mark_at_its_rate_and_on_its_side():
    rows = [row("before", 0.01, 0.7), row("after", 0.01, 0.6), row("before", 0.001, 0.5)]
    *_, accuracy = plots.placement_runs(rows).figure.axes
    assert marks(accuracy) == [(0.85, 0.7), (1.15, 0.6), (-0.15, 0.5)]


def test_a_loss_curve_stands_in_the_panel_of_its_rate():
    rows = [row("before", 0.01, 0.7), row("after", 0.001, 0.6)]
    small, large, _ = plots.placement_runs(rows).figure.axes
    assert (small.get_title(), large.get_title()) == ("η = 0.001", "η = 0.01")
    assert [len(ax.lines) for ax in (small, large)] == [1, 1]
    assert small.lines[0].get_xdata().tolist() == [10, 20]


def test_a_run_that_diverged_has_no_accuracy_to_show():
    *_, accuracy = plots.placement_runs([row("before", 0.01, None)]).figure.axes
    assert marks(accuracy) == []


def test_without_rows_there_is_an_empty_figure():
    picture = plots.placement_runs([])
    assert len(picture.figure.axes) == 1
    assert "<svg" in picture.svg()


def test_the_bars_of_a_layer_are_shares_of_its_values():
    values = np.array([[0.0, 0.0], [1.0, -2.0]])
    axes = plots.block_outputs({"norm before ReLU": {"ReLU": values}}).figure.axes[0]
    shares, edges, _ = axes.patches[0].get_data()
    assert shares.sum() == pytest.approx(1)
    assert shares[(edges[:-1] < 0) & (edges[1:] > 0)].tolist() == [0.5]
