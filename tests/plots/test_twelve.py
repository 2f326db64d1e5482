"""Figures of the chapter twelve-configurations: what stands in them is what was passed in."""

import numpy as np
import pytest

from bncourse import StateError, plots
from bncourse.experiments.summary import t_interval


def row(where="none", accuracy=0.7, *, dropout=0.4, seed=0, diverged=False, curve=(0.5, 0.6), **config):
    norm = "none" if where == "none" else "batch"
    fixed = {"norm": norm, "where": "both" if where == "none" else where, "dropout": dropout, "seed": seed}
    measured = {"test_accuracy": accuracy, "diverged": diverged, "curve": list(curve)}
    return {"config": fixed | config, **measured}


def drawn(axes):
    """Lines with something on them; those of the legend are empty."""
    return [line for line in axes.lines if len(line.get_xdata())]


def test_a_curve_stands_in_the_panel_of_its_dropout():
    rows = [row(dropout=0.0), row("both", dropout=0.4), row("conv", dropout=0.4)]
    panels = plots.accuracy_curves(rows).figure.axes
    assert [ax.get_title() for ax in panels] == ["no dropout", "dropout 0.2", "dropout 0.4"]
    assert [len(drawn(ax)) for ax in panels] == [1, 0, 2]


def test_a_line_is_the_mean_of_the_seeds_and_its_band_their_range():
    rows = [row(seed=0, curve=(0.4, 0.5)), row(seed=1, curve=(0.6, 0.6))]
    *_, axes = plots.accuracy_curves(rows).figure.axes
    (line,), (band,) = drawn(axes), axes.collections
    assert line.get_xdata().tolist() == [1, 2]
    assert line.get_ydata().tolist() == [0.5, 0.55]
    assert band.get_paths()[0].get_extents().bounds == pytest.approx((1, 0.4, 1, 0.2))


def test_one_seed_has_no_band_and_a_run_that_ended_early_is_in_the_means_it_reached():
    *_, axes = plots.accuracy_curves([row()]).figure.axes
    assert len(axes.collections) == 0
    rows = [row(seed=0, curve=(0.1,)), row(seed=1, curve=(0.5, 0.6))]
    *_, axes = plots.accuracy_curves(rows).figure.axes
    assert drawn(axes)[0].get_ydata().tolist() == [0.3, 0.6]


def test_the_view_of_the_article_is_cut_and_the_full_one_is_not():
    limits = {
        view: plots.accuracy_curves([row()], view=view).figure.axes[0].get_ylim()
        for view in ("article", "full")
    }
    assert limits == {"article": (0.4, 0.8), "full": (0.0, 1.0)}
    with pytest.raises(StateError, match="view is one of article, full; got: 'half'"):
        plots.accuracy_curves([row()], view="half")


def test_an_arm_is_its_mean_its_interval_and_its_runs():
    shares = (0.70, 0.71, 0.72)
    rows = [row("both", share, seed=seed) for seed, share in enumerate(shares)]
    (axes,) = plots.honest_intervals(rows).figure.axes
    ends, runs, mean = drawn(axes)
    found = t_interval([70.0, 71.0, 72.0])
    assert ends.get_xdata() == pytest.approx([found.low, found.high], abs=0.01)
    assert list(runs.get_xdata()) == [70, 71, 72]
    assert list(mean.get_xdata()) == [71]
    assert axes.get_yticklabels()[round(mean.get_ydata()[0])].get_text() == "behind all three"


def test_of_one_run_there_is_no_interval():
    (axes,) = plots.honest_intervals([row("conv", 0.7)]).figure.axes
    assert [len(line.get_xdata()) for line in drawn(axes)] == [1, 1]


def cells(picture):
    """(panel, left, top) of each cell: what is written, whether it is filled, and how it is framed."""
    found = {}
    for panel, axes in enumerate(picture.figure.axes):
        for patch, text in zip(axes.patches, axes.texts, strict=True):
            place = panel, *map(round, text.get_position())
            found[place] = text.get_text(), patch.get_facecolor()[3] > 0, patch.get_linestyle() == "solid"
    return found


def test_a_cell_stands_at_its_pixels_and_rate_and_says_what_became_of_its_runs():
    def run(where, scale, rate, accuracy, seed=0):
        more = {"input_scale": scale, "learning_rate": rate}
        return row(where, accuracy, seed=seed, diverged=accuracy is None, **more)

    rows = [
        run("none", "raw", 0.01, 0.5), run("none", "raw", 0.01, 0.6, seed=1),
        run("none", "raw", 0.1, None),
        run("none", "standardised", 0.1, 0.1), run("none", "standardised", 0.1, 0.1, seed=1),
        run("both", "unit", 0.01, 0.1), run("both", "unit", 0.01, 0.7, seed=1),
    ]  # fmt: skip
    assert cells(plots.scale_map(rows)) == {
        (0, 0, 0): ("55", True, True),
        (0, 1, 0): ("×", False, False),
        (0, 1, 2): ("10", False, False),
        (1, 0, 1): ("40*", True, True),
    }


def test_the_higher_a_cell_the_stronger_it_is():
    rows = [
        row(accuracy=share, input_scale="raw", learning_rate=rate)
        for share, rate in ((0.3, 0.001), (0.5, 0.01), (0.7, 0.1))
    ]
    strengths = [patch.get_facecolor()[3] for patch in plots.scale_map(rows).figure.axes[0].patches]
    assert np.all(np.diff(strengths) > 0.1)
    assert max(strengths) < 0.8  # the number on it is read on white and on black


def test_a_bar_is_the_mean_of_its_runs_in_the_panel_of_its_pixels_and_rate():
    def run(where, scale, rate, first, accuracy, seed=0):
        more = {"input_scale": scale, "learning_rate": rate, "initialisation": first}
        return row(where, accuracy, seed=seed, **more)

    rows = [
        run("none", "raw", 0.001, "he", 0.5), run("none", "raw", 0.001, "he", 0.7, seed=1),
        run("both", "standardised", 0.01, "pytorch", 0.8),
    ]  # fmt: skip
    figure = plots.initialisation_bars(rows).figure
    first, _, _, last = figure.axes
    ((bar,), (other,)) = first.patches, last.patches
    assert (round(bar.get_height(), 2), round(bar.get_x() + bar.get_width() / 2)) == (60, 2)
    assert bar.get_x() + bar.get_width() / 2 < 2 < first.get_xlim()[1]  # without is left, with is right
    assert round(other.get_x() + other.get_width() / 2, 2) == 0.19
    assert first.get_ylabel() == "pixels 0 to 255"
    assert figure.axes[1].get_title() == "η = 0.01"


@pytest.mark.parametrize(
    "draw", [plots.accuracy_curves, plots.honest_intervals, plots.scale_map, plots.initialisation_bars]
)
def test_without_rows_there_is_an_empty_figure(draw):
    assert "<svg" in draw([]).svg()
