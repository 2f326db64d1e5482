"""The figure of shared axes as HTML: what it says is what the reference computes, in the reader's words."""

import re
from html import unescape

import numpy as np
import pytest

from bncourse import StateError, plots, use_language
from bncourse.language import LANGUAGES
from bncourse.plots import theme
from bncourse.plots.axes_figure import norm_axes, set_number
from bncourse.reference.channels import SHARED, channel_backward, channel_forward

N, C = 8, 6


def panels(html):
    found = re.findall(r'<section class="bn-norm" data-norm="(\w+)"([^>]*)>(.*?)</section>', html)
    return {name: (dict(re.findall(r'data-(\w+)="(\w+)"', data)), inner) for name, data, inner in found}


def numbers(panel):
    shown = re.findall(r'text-anchor="middle">(\d+)</text>', panel)
    return np.array(shown, dtype=int).reshape(N, C)


@pytest.mark.parametrize("norm", SHARED)
def test_tiles_with_one_number_are_those_whose_gradients_mix(norm):
    # A cotangent in one tile reaches exactly the tiles that share its statistics.
    rng = np.random.default_rng(0)
    x = rng.normal(1, 1, (N, C, 2, 2))
    beta = None if norm == "rms" else np.zeros(C)
    _, cache = channel_forward(norm, x, np.ones(C), beta, groups=2 if norm == "group" else 1)
    drawn = numbers(panels(norm_axes().html)[norm][1])
    for n, c in np.ndindex(N, C):
        dy = np.zeros_like(x)
        dy[n, c] = rng.normal(1, 1, (2, 2))
        reached = np.abs(channel_backward(norm, dy, cache)[0]).max(axis=(2, 3)) > 1e-12
        np.testing.assert_array_equal(reached, drawn == drawn[n, c])
        assert drawn[n, c] == set_number(norm, n, c)


@pytest.mark.parametrize("norm", SHARED)
def test_the_counts_are_those_of_the_tiles(norm):
    data, inner = panels(norm_axes().html)[norm]
    for size in (1, 2, 4, 8):
        tiles = numbers(inner)[:size]
        sets, per_set = np.unique(tiles, return_counts=True)
        grown = {"batch": (1, size), "example": (size, 1)}[data["over"]]
        assert len(sets) == int(data["sets"]) * grown[0]
        assert set(4 * per_set) == {int(data["values"]) * grown[1]}
        if size == 4:  # the one shown at first
            text = re.search(r'<p class="bn-counts">(.*?)</p>', inner)[1]
            assert re.findall(r"\d+", text) == [str(len(sets)), str(4 * per_set[0])]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_is_one_figure_that_asks_for_nothing_and_speaks_the_reader_s_language(lang):
    use_language(lang)
    html = norm_axes()._repr_html_()
    assert html == norm_axes()._repr_html_()
    assert html.startswith('<figure class="bn-figure bn-axes">')
    assert html.endswith("</figure>")
    assert len(html.encode()) < 80_000
    assert not re.search(r"https?:|//cdn|@import|url\(|<link| src=", html)
    assert not re.search(r"<[^>]* on\w+=", html)
    assert not re.search(r"\beval\b|new Function|innerHTML|document\.write", html)
    for norm, (_, inner) in panels(html).items():
        spoken = unescape(re.search(r'role="img" aria-label="([^"]+)"', inner)[1])
        assert spoken == theme.label(f"axes-{norm}")


def test_without_javascript_all_norms_are_there_and_no_control_is():
    html = norm_axes().html
    assert list(panels(html)) == list(SHARED)
    assert '<form class="bn-choice" hidden' in html
    for _, inner in panels(html).values():
        assert inner.count('<g class="bn-row">') == 4
        assert inner.count('<g class="bn-row" display="none">') == 4


def test_only_the_first_set_is_marked_and_not_by_colour_alone():
    for _, inner in panels(norm_axes().html).values():
        marked = re.findall(r'<g class="bn-tile bn-first">.*?>(\d+)</text>', inner)
        assert set(marked) == {"1"}
        assert len(marked) == (numbers(inner) == 1).sum()


def test_a_language_without_its_words_is_refused(monkeypatch):
    monkeypatch.setattr(theme, "_labels", dict)
    use_language("ko")
    with pytest.raises(StateError, match=r"labels\.toml, with ko"):
        norm_axes()


def test_it_shows_itself_shortly():
    assert repr(plots.norm_axes()) == "AxesFigure()"
