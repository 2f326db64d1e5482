"""Formulas without another host: MathJax 3.2.2 from the package sphinx-mathjax-offline, served with the site.

Of its 24 MB the pages need the TeX-to-HTML part, its fonts and the TeX extensions that load on demand.
"""

from __future__ import annotations

import shutil
from importlib.metadata import distribution
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

__all__ = ["PARTS", "setup"]

PARTS = ["tex-chtml.js", "output/chtml/fonts", "input/tex/extensions"]


def source() -> Path:
    """The package's folder has hyphens in its name, so it cannot be imported to ask where it lies."""
    package = distribution("sphinx-mathjax-offline")
    return Path(str(package.locate_file("sphinx-mathjax-offline/static/mathjax")))


def copy_parts(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    target = Path(app.outdir) / "_static" / "mathjax"
    for part in PARTS:
        origin, copy = source() / part, target / part
        copy.parent.mkdir(parents=True, exist_ok=True)
        if origin.is_dir():
            shutil.copytree(origin, copy, dirs_exist_ok=True)
        else:
            shutil.copy2(origin, copy)


def use_local(_app: Sphinx, config: Config) -> None:
    config.mathjax_path = "mathjax/tex-chtml.js"


def setup(app: Sphinx) -> None:
    app.connect("config-inited", use_local)
    app.connect("build-finished", copy_parts)
