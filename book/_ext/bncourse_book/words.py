"""Every word of the site in the reader's language: ui.yml for ours, theme.po for the theme's.

Sphinx looks words up in one catalogue per extension, and each of them has gaps. Our catalogue goes in front
of all of them, read straight from the .po file, so that no compiled .mo has to be kept.
"""

from __future__ import annotations

import gettext
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError
from sphinx.locale import translators

__all__ = ["UI", "catalogue", "setup"]

CATALOGUES = ["sphinx", "booktheme", "togglebutton", "exercise", "proof"]

# Words that scripts of the theme write into the page; book/_static/bncourse.js hands them over.
SCRIPT_WORDS = [
    "Copy", "Copy to clipboard", "Copied!", "Failed to copy", "Toggle hidden content", "Searching",
    "Preparing search...", "Search Results", "Hide Search Matches",
    "Search finished, found ${resultCount} page(s) matching the search query.",
    "Your search did not match any documents. Please make sure that all words are spelled correctly and "
    "that you've selected enough categories.",
]  # fmt: skip


@dataclass(frozen=True)
class UI:
    """book/i18n/ui.yml seen from one language."""

    lang: str
    data: dict[str, Any]

    @property
    def sphinx(self) -> str:
        return str(self.data["languages"][self.lang]["sphinx"])

    def __getitem__(self, key: str) -> str:
        return str(self.data[key][self.lang])


def setup(app: Sphinx, i18n: Path) -> UI:
    """Install the words of `app.config.language`; return those that templates need."""
    data = yaml.safe_load((i18n / "ui.yml").read_text(encoding="utf-8"))
    langs = {entry["sphinx"]: code for code, entry in data["languages"].items()}
    if app.config.language not in langs:
        raise ConfigError(
            f"language must be one of {', '.join(langs)}; got {app.config.language!r}; "
            "try adding it to book/i18n/ui.yml"
        )
    ui = UI(langs[app.config.language], data)
    po = i18n / "locales" / ui.lang / "LC_MESSAGES" / "theme.po"
    words = catalogue(po) if po.exists() else gettext.NullTranslations()
    if po.exists():
        put_in_front(po)
        app.translator = translators["general", "sphinx"]  # what templates ask
    handed = {word: words.gettext(word) for word in SCRIPT_WORDS}
    app.add_js_file(None, body=f"const bncourseWords = {json.dumps(handed, ensure_ascii=False)};")
    # Priority 0: the extensions read these options in their own config-inited handlers.
    app.connect("config-inited", lambda _, config: set_options(config, ui, words), priority=0)
    return ui


def catalogue(po: Path) -> gettext.GNUTranslations:
    """Read a .po file as a catalogue, without writing a .mo beside it."""
    compiled = io.BytesIO()
    with po.open("rb") as file:
        write_mo(compiled, read_po(file))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def put_in_front(po: Path) -> None:
    for name in CATALOGUES:
        ours = catalogue(po)
        if (theirs := translators.get(("general", name))) is not None:
            ours.add_fallback(theirs)
        translators["general", name] = ours


def set_options(config: Config, ui: UI, words: gettext.NullTranslations) -> None:
    """Words that extensions take from options rather than from a catalogue."""
    config.togglebutton_hint = words.gettext("Click to show")
    config.togglebutton_hint_hide = words.gettext("Click to hide")
    config.nb_code_prompt_show = ui["cell_show"]
    config.nb_code_prompt_hide = ui["cell_hide"]
    config.html_theme_options["search_bar_text"] = ui["search"]
    config.html_theme_options["extra_footer"] = ui["licence"]
