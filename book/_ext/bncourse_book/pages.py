"""What each page says about itself: its language, its twins in the others, its notebook, its address."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from sphinx.application import Sphinx

from .words import UI

__all__ = ["setup", "slug_of", "twins"]

SITE = "bncourse_site"  # address of the four-language site; empty when one language is built alone


def slug_of(pagename: str) -> str:
    """The page's name without folders: `jupyter-book build .` calls it book/en/transform."""
    return PurePosixPath(pagename).name


def twins(ui: UI, pagename: str, site: str) -> list[dict[str, Any]]:
    """The same page in every language: where it lies from here, and its full address."""
    slug = slug_of(pagename)
    return [
        {
            "name": entry["name"],
            "tag": entry["tag"],
            "href": f"../{code}/{slug}.html",
            "url": f"{site}{code}/{slug}.html",
            "here": code == ui.lang,
        }
        for code, entry in ui.data["languages"].items()
    ]


def launch(button: dict[str, Any], ui: UI) -> dict[str, Any]:
    """The launch menu holds Colab alone; one entry needs no menu."""
    if button.get("label") != "launch-buttons":
        return button
    return {**button["buttons"][0], "text": "", "tooltip": ui["launch"], "label": "launch-colab"}


def name_page_in_issues(button: dict[str, Any], page: str) -> None:
    """The theme's issue link names no language and brings an English body."""
    for entry in button.get("buttons", []):
        if entry["label"] == "source-issues-button":
            entry["url"] = entry["url"].partition("?")[0] + "?title=" + quote(f"{page}: ")


def add_context(app: Sphinx, ui: UI, pagename: str, context: dict[str, Any]) -> None:
    """Fill what book/_templates shows on every page."""
    site = app.config[SITE]
    context["ui"] = ui
    context["twins"] = twins(ui, pagename, site) if site else []
    context["header_buttons"] = [launch(button, ui) for button in context.get("header_buttons", [])]
    for button in context["header_buttons"]:
        name_page_in_issues(button, f"{ui.lang}/{slug_of(pagename)}")
    if context.get("sourcename", "").endswith(".ipynb"):
        context["notebook"] = {
            "href": context["pathto"]("_sources/" + context["sourcename"], 1),
            "name": f"{slug_of(pagename)}.{ui.lang}.ipynb",
        }


def setup(app: Sphinx, book: Path, ui: UI) -> None:
    app.add_config_value(SITE, "", "html", str)
    app.config.templates_path.insert(0, str(book / "_templates"))
    app.config.html_static_path.append(str(book / "_static"))
    app.add_css_file("bncourse.css", priority=900)  # after the theme's
    app.add_js_file("bncourse.js", priority=900)  # after the scripts whose words it replaces
    app.connect(
        "html-page-context",
        lambda app, page, _template, context, _doctree: add_context(app, ui, page, context),
        priority=900,
    )
