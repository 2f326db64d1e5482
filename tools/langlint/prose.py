"""What a page must be in its own language: read as that language, well set, with labels and alt texts.

Typography traps: CommonMark prints asterisks whose neighbours it dislikes, and a newline in a Japanese or
Chinese paragraph becomes a space on the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from nbformat import NotebookNode

from langlint.markup import Block, parse
from langlint.violation import Violation

__all__ = ["every_language", "numbers", "outputs_have_alt", "translated_prose"]

WORD = re.compile(r"(?<![\w.-])[a-z]{2,}(?![\w.-]*_)\b")  # proper names start with a capital
NATIVE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
HALF_WIDTH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff][,;:?!.](?![\w.])")
SVG = re.compile(r"<svg\b.*?</svg>|<svg\b[^>]*/>", re.DOTALL | re.IGNORECASE)
SVG_NAME = re.compile(r"""<title|\baria-label(?:ledby)?\s*=\s*["'][^"']|aria-hidden\s*=\s*["']true""")
IMG_WITHOUT_ALT = re.compile(r"""<img\b(?![^>]*\balt\s*=\s*(?:"[^"]+"|'[^']+'))[^>]*>""", re.IGNORECASE)
NUMBER = re.compile(
    r"(?<![A-Za-z_\d.])(\d+(?:,\d{3})*(?:\.\d+)?)(?:\s?(million|thousand|[Mk]\b|[千천万萬만億亿억]))?"
)
UNITS = (
    {"million": 6, "M": 6, "thousand": 3, "k": 3, "千": 3, "천": 3}
    | dict.fromkeys("万萬만", 4)
    | dict.fromkeys("億亿억", 8)
)
SPELT_OUT = 20  # languages write whole numbers up to here as words now and then


def every_language(source: str) -> Iterator[Violation]:
    """Labels, alt texts and emphasis: rules that English keeps too."""
    markup = parse(source)
    for text in markup.unlabelled:
        hint = "(page-section)= on the line above it, the same in all languages"
        yield Violation("heading-label", "a heading stands below a label", f"# {text}", hint)
    for image in markup.images:
        if not image.alt:
            yield Violation("alt", "an image has an alt text", image.src, "say in a sentence what it shows")
    for block in markup.blocks:
        if "*" in block.text and block.kind != "alt":
            hint = (
                r"move punctuation out of the emphasis: **重要**。; or write \* for an asterisk that is meant"
            )
            yield Violation("emphasis", "no asterisk is printed", _around(block.text, "*"), hint)


def outputs_have_alt(cell: NotebookNode) -> Iterator[Violation]:
    """Figures in outputs: an SVG has a title or aria-label, an <img> an alt, a raster a mystnb alt."""
    raster_alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt")
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        html = str(data.get("text/html", ""))
        unnamed = any(not SVG_NAME.search(svg) for svg in SVG.findall(html))
        raster = any(mime.startswith("image/") for mime in data) and not html and not raster_alt
        if unnamed or raster or IMG_WITHOUT_ALT.search(html):
            hint = "role=img with an aria-label on the svg; metadata mystnb.image.alt for a raster"
            yield Violation("alt", "a figure in an output has an alt text", "none", hint)


def translated_prose(source: str, lang: str) -> Iterator[Violation]:
    """Rules for ja, zh and ko: native words, unbroken paragraphs, full-width punctuation."""
    for block in parse(source).blocks:
        if _is_english(block):
            hint = "translate it; code goes into backticks, English titles into *emphasis*"
            yield Violation("untranslated", f"prose is in {lang}", block.text.strip()[:60], hint)
        if lang in ("ja", "zh") and block.broken_lines:
            got = _around(block.text, "\n")
            yield Violation(
                "line-break", "a paragraph is one line, or a space is printed", got, "join the lines"
            )
        if lang in ("ja", "zh") and block.kind != "table" and (match := HALF_WIDTH.search(block.text)):
            hint = "、。，：；？！ as the language has them"
            yield Violation("punctuation", "full-width punctuation follows a character", match[0], hint)


def _is_english(block: Block) -> bool:
    words, native = len(WORD.findall(block.own_words)), len(NATIVE.findall(block.own_words))
    if block.kind == "table":  # a table may well list English identifiers
        return words >= 4 and native == 0
    if native == 0:
        return words >= (2 if block.kind == "heading" else 3)
    return words >= 4 and 2 * words > native


def numbers(english: str, other: str) -> Iterator[Violation]:
    """A number in the prose of one language stands somewhere in the cell of the other."""
    lost = {
        "English": _lost(english, other),
        # where others write 100 or 5,000, English may have "a hundred" and "five thousand"
        "the translation": [n for n in _lost(other, english) if len(n.as_tuple().digits) > 1 or n < 1],
    }
    for name, found in lost.items():
        if found:
            got = f"only {name} has {', '.join(f'{number:f}' for number in found)}"
            yield Violation("numbers", "the same numbers as in English", got, "compare the two cells")


def _lost(here: str, there: str) -> list[Decimal]:
    known = {value for pair in _numbers(there) for value in pair}
    # The bare value counts as well, since 25만 may also be "only 25".
    lost = {full for full, bare in _numbers(parse(here).own_words) if not {full, bare} & known}
    return sorted(number for number in lost if number % 1 or number > SPELT_OUT)


def _numbers(text: str) -> set[tuple[Decimal, Decimal]]:
    """Each number twice: with its unit (5 万 is 50,000) and without."""
    pairs = [(Decimal(digits.replace(",", "")), UNITS.get(unit, 0)) for digits, unit in NUMBER.findall(text)]
    return {(bare.scaleb(power).normalize(), bare.normalize()) for bare, power in pairs}


def _around(text: str, mark: str) -> str:
    at = text.index(mark)
    return text[max(0, at - 15) : at + 16]
