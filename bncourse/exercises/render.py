"""A verdict in words: plain text and HTML, in the reader's language. Chapter: start-here."""

from collections.abc import Iterator, Mapping
from functools import reduce
from html import escape
from typing import Any

from bncourse.exercises.verdict import Example, Verdict
from bncourse.exercises.words import entry, filled, word
from bncourse.language import current_language

__all__ = ["as_html", "as_text", "hints"]

_HTML_LANG = {"zh": "zh-CN"}
_SENTENCES = ("seen", "meaning", "why", "next")


def _names(codes: tuple[str, ...], lang: str | None) -> list[str]:
    return [str(entry(code, lang).get("name", code)) for code in codes]


def _joined(names: list[str], key: str, lang: str | None) -> str:
    joint = word("card", key, lang)
    return reduce(lambda first, second: filled(joint, first=first, second=second), names) if names else ""


def _missed(verdict: Verdict, lang: str | None, most: int = 5) -> list[str]:
    """The first few of what a test let through; the verdict has all."""
    codes = [code for code in verdict.param("missed").split(", ") if code]
    return _names(tuple(codes[:most]), lang) + ["…"] * (len(codes) > most)


def _weights(verdict: Verdict, lang: str | None) -> str:
    template = word("card", "weight", lang)
    parts = [part.rpartition(" ") for part in verdict.param("weights").replace(";", ",").split(", ")]
    texts = [filled(template, term=word("terms", term, lang), value=value) for term, _, value in parts]
    return _joined(texts, "list", lang)


def _seen(verdict: Verdict, lang: str | None) -> str:
    names = _names(verdict.codes, lang)
    values = {**dict(verdict.params), "name": _joined(names[:1], "and", lang)}
    if verdict.evidence == "pair":
        values["names"] = _joined(names, "and", lang)
    elif verdict.evidence == "coefficients":
        values["weights"] = _weights(verdict, lang)
    table = entry(verdict.code or verdict.status, lang)
    if verdict.evidence in ("exact", "coefficients", "pair"):
        table = entry(f"evidence.{verdict.evidence}", lang)
    return filled(str(table.get("seen", "")), **values)


def _sentences(verdict: Verdict, lang: str | None) -> Iterator[tuple[str, str]]:
    """(key, sentence) in the order they are read."""
    yield "seen", _seen(verdict, lang)
    for step in verdict.param("wrong_steps").split(", "):
        if step:
            yield "seen", filled(word("staged", "differs", lang), step=step)
    tables = [entry(code, lang) for code in verdict.codes] or [entry(verdict.status, lang)]
    names = _joined(_missed(verdict, lang), "list", lang)
    for key in _SENTENCES[1:]:
        for table in tables:
            if table.get(key):
                yield key, filled(str(table[key]), **{**dict(verdict.params), "names": names})
    if verdict.evidence == "pair" and verdict.param("weights"):
        yield "facts", filled(
            str(entry("evidence.coefficients", lang)["seen"]),
            output=verdict.param("output"), weights=_weights(verdict, lang),
        )  # fmt: skip
    for fact, values in verdict.facts:
        yield "facts", filled(word("facts", fact, lang), **dict(values))
    if verdict.inherited_from:
        template = word("card", "inherited" if verdict else "inherited-too", lang)
        yield "facts", filled(template, function=verdict.inherited_from)


def hints(verdict: Verdict, lang: str | None = None) -> tuple[str, ...]:
    """The three hints of what was found; those of "unknown" when it has none of its own.

    >>> len(hints(Verdict("inference", "fail", "inference.no-root", "exact")))
    3
    """
    code = verdict.codes[0] if verdict.codes else verdict.status
    table: Mapping[str, Any] = entry(code, lang)
    return tuple(table.get("hints") or entry("unknown", lang)["hints"])


def as_text(verdict: Verdict, lang: str | None = None) -> str:
    """The verdict as lines of plain text.

    >>> print(as_text(Verdict("inference", "pass"), "en").splitlines()[0])
    inference: passed
    """
    lines = [f"{verdict.check}: {word('status', verdict.status, lang)}"]
    lines += [f"{word('card', key, lang)}: {text}" for key, text in _sentences(verdict, lang) if text]
    if verdict.example:
        lines.append(f"{word('card', 'example', lang)}:")
        lines += [f"  {label}{_indented(text, len(label))}" for label, text in _rows(verdict.example, lang)]
    return "\n".join(lines)


def _rows(example: Example, lang: str | None) -> Iterator[tuple[str, str]]:
    for name, text in example.arguments:
        yield f"{name} = ", text
    for kind in ("yours", "expected"):
        for name, text in getattr(example, kind):
            yield f"{name} ({word('card', kind, lang)}) = ", text


def _indented(text: str, width: int) -> str:
    return text.replace("\n", "\n" + " " * (width + 2))


def as_html(verdict: Verdict, lang: str | None = None) -> str:
    """The verdict as one <section>; colours are inherited, the status is a word.

    >>> as_html(Verdict("inference", "pass"), "en")[:48]
    '<section class="bn-verdict bn-pass" lang="en" st'
    """
    tongue = lang or current_language()
    style = "border-inline-start:.25em solid currentColor;padding:.2em 0 .2em 1em;margin:.5em 0"
    status = escape(word("status", verdict.status, lang))
    html = [
        f'<section class="bn-verdict bn-{verdict.status}" lang="{_HTML_LANG.get(tongue, tongue)}" '
        f'style="{style}"><p><strong><code>{escape(verdict.check)}</code>: {status}</strong></p><dl>'
    ]
    last = None
    for key, text in _sentences(verdict, lang):
        if text:
            heading = f"<dt>{escape(word('card', key, lang))}</dt>" if key != last else ""
            html.append(f"{heading}<dd>{_marked(text)}</dd>")
            last = key
    html.append("</dl>")
    if verdict.example:
        html.append(_example_html(verdict.example, lang))
    return "".join([*html, "</section>"])


def _example_html(example: Example, lang: str | None) -> str:
    rows = "".join(
        f'<tr><th scope="row" style="text-align:start">{escape(label.removesuffix(" = "))}</th>'
        f'<td style="text-align:start"><pre style="margin:0;background:none;color:inherit">'
        f"{escape(text)}</pre></td></tr>"
        for label, text in _rows(example, lang)
    )
    return f"<table><caption>{escape(word('card', 'example', lang))}</caption><tbody>{rows}</tbody></table>"


def _marked(text: str) -> str:
    """Escaped, with `code` between backticks."""
    parts = escape(text).split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))
