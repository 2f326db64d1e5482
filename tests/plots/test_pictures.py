"""Figures on the page: the reader's words, the page's ink and fonts, the same bytes every time."""

import re
import tomllib
from xml.etree import ElementTree

import numpy as np
import pytest

from bncourse import StateError, plots, use_language
from bncourse.language import LANGUAGES
from bncourse.plots import theme

RNG = np.random.default_rng(0)
COLUMNS = RNG.normal(size=(50, 3))
STD = np.geomspace(0.01, 1, 5)
MAPS = RNG.normal(size=(2, 4, 4))
ROWS = [
    {
        "config": {"norm": norm, "learning_rate": rate, "log_every": 10, "seed": 0},
        "loss_curve": [2.3, 2.0, None if norm == "none" else 1.5],
    }
    for norm in ("none", "batch")
    for rate in (0.001, 0.01)
]
COST = [
    {
        "config": {"N": N, "D": 64, "dtype": dtype, "pages": pages},
        "time_ratio": {"median": 3.0, "p10": 2.9, "p90": 3.2},
        "staged": {"peak_arrays": 8.04},
        "simplified": {"peak_arrays": 1.02},
    }
    for N in (128, 8192)
    for dtype in ("float64", "float32")
    for pages in ("new", "kept")
]
PLACED = [
    {
        "config": {"placement": side, "learning_rate": rate, "log_every": 10, "seed": 0},
        "loss_curve": [2.3, 2.0, None],
        "test_accuracy": 0.6,
    }
    for side in ("before", "after")
    for rate in (0.001, 0.01)
]
TWELVE = [
    {
        "config": {"norm": norm, "where": "both", "dropout": 0.4, "seed": 0, "input_scale": scale}
        | {"learning_rate": 0.01, "initialisation": "he"},
        "curve": [0.5, 0.6],
        "test_accuracy": 0.6 if norm == "batch" else None,
        "diverged": norm == "none",
    }
    for norm in ("none", "batch")
    for scale in ("raw", "standardised")
]
LANDSCAPE = [
    {
        "config": {"norm": norm, "learning_rate": 0.1, "seed": seed},
        "test_accuracy": 0.5,
        "measurements": [
            {
                "step": step,
                "losses": [2.0, None if norm == "none" else 1.5],
                "changes": [0.1, 0.3],
                "smoothness": 3.0,
                "layers": [{"change": 0.1 + seed, "change_cosine": 0.9, "drift": 0.01}] * 2,
            }
            for step in (0, 26)
        ],
    }
    for norm in ("none", "batch", "batch-noisy")
    for seed in (0, 1)
]
DRAW = {
    "layer_histograms": lambda: plots.layer_histograms({"weights that fit": {1: COLUMNS, 8: COLUMNS / 9}}),
    "scaled_descent": lambda: plots.scaled_descent({"raw pixels": STD[::-1], "whitened": STD[::-1] / 2}),
    "sigmoid_zones": lambda: plots.sigmoid_zones(STD, 1 - STD, STD**2),
    "surviving_scales": lambda: plots.surviving_scales(STD, {"with batch norm": STD}, chance=0.1),
    "update_ratios": lambda: plots.update_ratios({"weights too small": [0.0, 1e-9], "weights that fit": STD}),
    "whitened_clouds": lambda: plots.whitened_clouds({"input x": COLUMNS[:, :2], "whitened": COLUMNS[:, 1:]}),
    "landscape_ranges": lambda: plots.landscape_ranges(LANDSCAPE),
    "rate_ladder": lambda: plots.rate_ladder(LANDSCAPE),
    "shift_along_training": lambda: plots.shift_along_training(LANDSCAPE),
    "weight_norms": lambda: plots.weight_norms({"weight decay": np.array([1.0, 2.0])}),
    "accuracy_curves": lambda: plots.accuracy_curves(TWELVE, view="article"),
    "honest_intervals": lambda: plots.honest_intervals(TWELVE),
    "initialisation_bars": lambda: plots.initialisation_bars(TWELVE),
    "scale_map": lambda: plots.scale_map(TWELVE),
    "backward_cost": lambda: plots.backward_cost(COST),
    "batch_size_errors": lambda: plots.batch_size_errors(
        {"batch": {32: [23.6], 2: [34.7]}}, {"group": {32: [45.0, 46.0], 2: [46.0, 48.0]}}
    ),
    "batch_table": plots.batch_table,
    "transform_steps": lambda: plots.transform_steps(COLUMNS, COLUMNS, COLUMNS),
    "eps_effect": lambda: plots.eps_effect(STD, {"eps = 0.001": STD**2 / (STD**2 + 1e-3)}),
    "running_mean": lambda: plots.running_mean({"plain average": np.array([0.0, 1.0])}, truth=1.0),
    "block_outputs": lambda: plots.block_outputs(
        {"norm before ReLU": {"batch norm": COLUMNS, "ReLU": COLUMNS.clip(0)}}
    ),
    "layer_moments": lambda: plots.layer_moments(
        {"no norm": [1.0, 0.1], "group norm": [1.0, 1.0]}, {"no norm": [0.1, 1.0], "group norm": [2.0, 1.0]}
    ),
    "skip_variance": lambda: plots.skip_variance({"no norm": [1.0, 2.0, 4.0]}),
    "placement_runs": lambda: plots.placement_runs(PLACED),
    "reached_cells": lambda: plots.reached_cells(
        {"per channel": MAPS[None] > 0, "per cell": MAPS[None] > 1}, (0, 0, 1, 1)
    ),
    "shown_maps": lambda: plots.shown_maps({"input": MAPS, "right": MAPS - 1, "both wrong": MAPS[::-1]}),
    "statistics_noise": lambda: plots.statistics_noise([1, 4], {"mean": np.array([1.0, 0.5])}),
    "variance_bias": lambda: plots.variance_bias([2, 4], np.array([0.5, 0.75]), np.ones(2)),
    "first_look": lambda: plots.first_look(ROWS),
    "step_errors": lambda: plots.step_errors(
        STD, {"one-sided difference": STD, "central difference": STD**2}, [1e-16, 1e-7]
    ),
    "let_through": lambda: plots.let_through({"N = 1": 24, "all the rules": 0}, total=37),
    "gradient_parts": lambda: plots.gradient_parts(
        {"direct": np.arange(4.0), "through the mean": np.ones(4)}
    ),
    "normalised_circle": lambda: plots.normalised_circle(
        np.array([6.0, 2.0, 1.0]), np.array([1.4, -0.5, -0.9]), np.array([0.5, 2.0, -1.5])
    ),
}
LABELS = tomllib.loads((theme.files("bncourse.plots") / "labels.toml").read_text(encoding="utf-8"))


def words(svg):
    texts = (" ".join(text.itertext()).strip() for text in ElementTree.fromstring(svg).iter("{*}text"))
    return [text for text in texts if text]


def test_every_public_figure_is_drawn_here():
    interactive = {"norm_axes"}  # test_axes_figure.py
    assert {"Picture", *DRAW, *interactive} == set(plots.__all__)


@pytest.mark.parametrize("name", DRAW)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_figure_speaks_the_reader_s_language(name, lang):
    use_language("en")
    english = words(DRAW[name]().svg())
    use_language(lang)
    picture = DRAW[name]()
    shown = words(picture.svg())
    assert len(shown) == len(english)
    for before, after in zip(english, shown, strict=True):
        assert after == (LABELS[before][lang] if before in LABELS and lang != "en" else before)
    described = re.search(r'^<svg role="img" aria-label="([^"]+)"', picture.svg())[1]
    assert described == LABELS[picture.description][lang]


@pytest.mark.parametrize("name", DRAW)
def test_a_figure_takes_ink_and_fonts_from_the_page(name):
    shown = DRAW[name]()._repr_html_()
    assert shown.startswith('<figure class="bn-figure"')
    assert 'fill="currentColor"' in shown
    assert "#000000" not in shown
    assert "font-family" not in shown
    assert not re.search(r"<svg[^>]* (width|height)=", shown)  # it fits the column, whatever its width


@pytest.mark.parametrize("name", DRAW)
def test_a_figure_is_the_same_bytes_every_time(name):
    assert DRAW[name]().svg() == DRAW[name]().svg()


def test_every_label_is_there_in_every_language():
    for english, entry in LABELS.items():
        assert {"ja", "zh", "ko"} <= set(entry) <= set(LANGUAGES), english
        assert all(text.strip() for text in entry.values()), english


def test_a_word_without_a_label_is_refused():
    figure = theme.figure()
    figure.text(0.5, 0.5, "nobody translated this")
    with pytest.raises(StateError) as caught:
        plots.Picture(figure, "batch table").svg()
    assert str(caught.value) == (
        "must hold: every word in a figure has its entry in labels.toml, with en; "
        "got: 'nobody translated this'; try: adding it"
    )


def test_a_label_that_lacks_the_language_is_refused(monkeypatch):
    monkeypatch.setattr(theme, "_labels", lambda: {"training loss": {"ja": "訓練損失"}})
    use_language("ko")
    with pytest.raises(StateError, match=r"labels\.toml, with ko; got: 'training loss'"):
        theme.label("training loss")


def test_a_loss_that_is_not_finite_is_a_gap():
    (gap, _, whole, _) = ROWS
    assert np.isnan(plots.first_look([gap]).figure.axes[0].lines[0].get_ydata()[-1])
    assert np.isfinite(plots.first_look([whole]).figure.axes[0].lines[0].get_ydata()).all()


def test_of_two_rows_of_one_benchmark_the_later_is_drawn():
    later = [row | {"staged": {"peak_arrays": 7.0}, "time_ratio": row["time_ratio"]} for row in COST]
    times, memory = plots.backward_cost([*COST, *later]).figure.axes
    assert sorted(round(bar.get_width(), 1) for bar in memory.patches) == [1.0, 1.0, 7.0, 7.0]
    assert len(times.lines) == 2 * len(COST) + 1  # a range and a mark each, and the line at 1


def test_the_arrows_of_the_circle_end_inside_the_picture():
    # An arrow whose tip lies outside the axes is left out without a word.
    (axes,) = DRAW["normalised_circle"]().figure.axes
    tips = np.array([note.xy for note in axes.texts if note.arrow_patch is not None])
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    assert len(tips) == 3
    assert (tips > [left, low]).all()
    assert (tips < [right, high]).all()


def painted(axes):
    """Which cells of a panel of `reached_cells` are coloured, as (left, top) corners."""
    filled, empty = axes.collections
    assert filled.get_facecolor()[0][3] == 1
    assert not len(empty.get_facecolor())
    return {tuple(path.vertices.min(axis=0)) for path in filled.get_paths()}


def test_the_cells_that_were_reached_are_those_that_are_painted():
    reached = np.zeros((2, 3, 2, 4), dtype=bool)  # maps 2 high and 4 wide, a gap of one between them
    reached[0, 0, 0, 0] = reached[1, 2, 1, 3] = True
    (axes,) = plots.reached_cells({"per cell": reached}, (1, 2, 0, 1)).figure.axes
    assert painted(axes) == {(0, 0), (2 * 5 + 3, 3 + 1)}
    (dot,) = axes.lines
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (2 * 5 + 1.5, 3 + 0.5)


def test_a_map_is_drawn_from_its_smallest_number_to_its_largest():
    one = np.array([[[0.0, 0.0, 7.0], [3.0, 7.0, 7.0]], [[7.0, 7.0, 7.0], [0.0, 0.0, 0.0]]])
    figure = plots.shown_maps({"input": one, "right": 10 * one + 5}).figure
    (first, again, below, _) = figure.axes
    found = {round(patch.get_facecolor()[3], 3): patch.get_path() for patch in first.patches}
    assert set(found) == {0.429, 1.0}  # 3/7 and 7/7; zeros are left empty
    assert found[0.429].get_extents().bounds == (0, 1, 1, 1)
    assert found[1.0].get_extents().bounds == (1, 0, 2, 2)
    assert [p.get_facecolor() for p in again.patches] == [p.get_facecolor() for p in first.patches]
    (row,) = below.patches
    assert row.get_path().get_extents().bounds == (0, 0, 3, 1)
