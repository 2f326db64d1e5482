"""How figures look, and how they become part of a page. Chapter: start-here.

A figure is drawn once, in English, and saved as SVG with real text. Its words are then replaced by
those of the reader's language, so every language has the same geometry, no CJK font is needed to
draw, and the page's own fonts show the words. Ink is `currentColor`: figures follow dark mode.
"""

import html
import io
import re
import tomllib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from bncourse.language import translated

__all__ = ["COLOURS", "Picture", "drawing", "figure", "label"]

# Okabe and Ito's colour-blind safe set, those that read on white and on near-black.
COLOURS = {"blue": "#2f86c8", "orange": "#d9760a", "green": "#0f9d74", "pink": "#c9699f", "grey": "#8a8a8a"}

_INK = "#000000"  # stands for currentColor until the SVG is written
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "bncourse",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": COLOURS["grey"],
    "grid.alpha": 0.3,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
    "axes.unicode_minus": True,
}
_NOTHING = {"Date": None, "Creator": None, "Format": None, "Type": None}


def figure(width: float = 7.0, height: float = 3.2) -> Figure:
    """An empty matplotlib figure in the book's style, `width` by `height` inches.

    Made without pyplot: nothing is kept alive, and no screen is needed.

    >>> figure(6.0, 2.0).get_size_inches().tolist()
    [6.0, 2.0]
    """
    return Figure(figsize=(width, height), layout="constrained")


def drawing() -> AbstractContextManager[None]:
    """The style of the book, for a `with` block in which a figure is made.

    >>> with drawing():
    ...     matplotlib.rcParams["svg.fonttype"]
    'none'
    """
    return matplotlib.rc_context(_STYLE)


@cache
def _labels() -> dict[str, dict[str, str]]:
    text = files("bncourse.plots").joinpath("labels.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def label(english: str) -> str:
    """The words of a figure in the reader's language, from labels.toml.

    Raises StateError when a language has none: a figure half in English would go unnoticed.

    >>> label("training loss")
    'training loss'
    """
    return translated(_labels(), english)


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure with a description for those who cannot see it; shows itself in a notebook.

    `description` is a key of labels.toml. Raises StateError when a word of it has no translation.

    >>> Picture(figure(), "batch table").svg()[:4]
    '<svg'
    """

    figure: Figure
    description: str

    def svg(self) -> str:
        """The figure as one <svg> element with words of the reader's language.

        >>> "currentColor" in Picture(figure(), "batch table").svg()
        True
        """
        buffer = io.StringIO()
        with drawing():
            self.figure.savefig(buffer, format="svg", metadata=_NOTHING)
        drawn = buffer.getvalue()
        drawn = drawn[drawn.index("<svg") :].strip()
        drawn = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", drawn, count=1, flags=re.S)
        drawn = drawn.replace(_INK, "currentColor")
        drawn = re.sub(r" font-family: [^;\"]*;?", "", drawn)  # the page's own fonts
        drawn = re.sub(
            r' id="(?:figure|axes|patch|text|xtick|ytick|line2d|legend|matplotlib)[^"]*"', "", drawn
        )
        drawn = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", drawn, count=1)
        drawn = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", drawn, count=1)
        drawn = re.sub(r"(?<=>)([^<>]*[^<>\s][^<>]*)(?=</text>)", _translated, drawn)
        name = html.escape(label(self.description), quote=True)
        return drawn.replace("<svg", f'<svg role="img" aria-label="{name}" fill="currentColor"', 1)

    def _repr_html_(self) -> str:
        width = round(self.figure.get_size_inches()[0] * 96)
        return (
            f'<figure class="bn-figure" style="max-width: {width}px; margin: 1em auto">{self.svg()}</figure>'
        )

    def __repr__(self) -> str:
        return f"Picture({self.description!r})"


def _translated(match: re.Match[str]) -> str:
    words = html.unescape(match.group(1))
    # Numbers, signs, single letters and code such as `eps = 0.1` are the same in every language.
    if not re.search(r"[A-Za-z]{2}", words) or re.fullmatch(r"\w+ = \S+", words):
        return match.group(1)
    return html.escape(label(words), quote=False)
