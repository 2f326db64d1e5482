"""The words of the course, one translation each: terms.csv, and term_rules.csv for what is checked.

A rule fires in a cell whose English uses the term: on a form known to be wrong, and, where the term is
strict, when the right form is not there at all. A wrong form that is the right word for another term of
the cell is let through.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from langlint.markup import parse
from langlint.violation import Violation

__all__ = ["Rule", "Terms", "load_terms", "term_pattern"]


@dataclass(frozen=True)
class Rule:
    """One line of term_rules.csv. `also` are other English words for the same thing."""

    en: str
    strict: bool
    also: tuple[str, ...]
    wrong: dict[str, tuple[str, ...]]
    why: str


@dataclass(frozen=True)
class Terms:
    """Both tables. `right` is terms.csv: English term -> language -> translation."""

    right: dict[str, dict[str, str]]
    rules: tuple[Rule, ...]

    def check(self, english: str, other: str, lang: str) -> Iterator[Violation]:
        """The violations of one translated cell."""
        prose, words = parse(english).text, parse(english).own_words
        seen = _squeezed(other)
        licensed = " ".join(self._licensed(prose, lang))
        for rule in self.rules:
            if not any(term_pattern(term).search(prose) for term in (rule.en, *rule.also)):
                continue
            right = self.right.get(rule.en, {}).get(lang, "")
            for form in rule.wrong[lang]:
                if form not in licensed and form in parse(other).text:
                    must = f"{rule.en!r} is {right or 'not that word'} in {lang}"
                    yield Violation("terms", must, form, f"{right or 'another word'} ({rule.why})")
            if rule.strict and _plain(rule.en).search(words) and _squeezed(right) not in seen:
                hint = "use it at least once; book/i18n/terms.csv has the words"
                yield Violation(
                    "terms", f"{rule.en!r} is {right} in {lang}", "the cell has no such word", hint
                )

    def _licensed(self, prose: str, lang: str) -> Iterator[str]:
        others = {rule.en: rule.also for rule in self.rules}
        for term, forms in self.right.items():
            if any(term_pattern(word).search(prose) for word in (term, *others.get(term, ()))):
                yield forms[lang]


def load_terms(folder: Path) -> Terms:
    """Read both tables from book/i18n."""
    with (folder / "terms.csv").open(encoding="utf-8", newline="") as file:
        right = {row["en"]: row for row in csv.DictReader(file)}
    with (folder / "term_rules.csv").open(encoding="utf-8", newline="") as file:
        rules = tuple(_rule(row) for row in csv.DictReader(file))
    return Terms(right, rules)


def _rule(row: dict[str, str]) -> Rule:
    wrong = {lang: _split(row[f"not_{lang}"]) for lang in ("ja", "zh", "ko")}
    return Rule(row["en"], row["strict"] == "yes", _split(row["also"]), wrong, row["why"])


def _split(cell: str) -> tuple[str, ...]:
    return tuple(form for form in cell.split("|") if form)


@cache
def term_pattern(term: str) -> re.Pattern[str]:
    """An English term with its plural and, for words in -isation, every form of the verb."""
    if term.isupper():
        return re.compile(rf"\b{term}s?\b")
    stem = re.sub(r"isation$", "", term)
    ending = r"i[sz]\w+" if stem != term else r"(?:s|es)?"
    return re.compile(rf"\b{re.escape(stem)}{ending}\b", re.IGNORECASE)


@cache
def _plain(term: str) -> re.Pattern[str]:
    # Inner capitals mean the title of a paper, which a translation may keep in English.
    first, rest = term[0], re.escape(term[1:])
    return re.compile(rf"\b[{first}{first.upper()}]{rest}s?\b")


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)
