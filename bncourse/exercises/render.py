"""A verdict in words: plain text and HTML, in the reader's language. Chapter: start-here."""

from collections.abc import Iterator, Mapping
from functools import reduce
from html import escape
from typing import Any
from unicodedata import east_asian_width

from bncourse.exercises.verdict import Example, Verdict
from bncourse.exercises.words import entry, filled, word
from bncourse.language import current_language

__all__ = ["as_html", "as_text", "hints", "labelled"]

_HTML_LANG = {"zh": "zh-CN"}
_PRE = '<pre style="margin:0;background:none;color:inherit">'
_SENTENCES = ("meaning", "why", "next")
_OWN_WORDS = ("expected", "got")  # of these, a value "@floats" is the word of that name


def _names(codes: tuple[str, ...], lang: str | None, **values: str) -> list[str]:
    return [filled(str(entry(code, lang).get("name", code)), **values) for code in codes]


def _values(verdict: Verdict, lang: str | None) -> dict[str, str]:
    """What fills the places of a sentence, in the reader's words."""
    values = dict(verdict.params)
    for key in _OWN_WORDS:
        own, _, n = values.get(key, "").partition(" ")
        if own.startswith("@"):
            values[key] = filled(word("card", own[1:], lang), n=n)
    if "weights" in values:
        values["weights"] = _weights(verdict, lang)
    if "version" in values:  # a code
        values["version"] = _names((values["version"],), lang)[0]
    return values


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
    values = _values(verdict, lang)
    names = _names(verdict.codes, lang, **values)
    values |= {"name": _joined(names[:1], "and", lang), "names": _joined(names, "and", lang)}
    table = entry(verdict.code or verdict.status, lang)
    if verdict.evidence in ("exact", "coefficients", "pair"):
        table = entry(f"evidence.{verdict.evidence}", lang)
    seen = filled(str(table.get("seen", "")), **values)
    if verdict.code == "call.exception" and values.get("line"):
        return filled(word("card", "at-line", lang), first=seen, line=values["line"])
    return seen


def _sentences(verdict: Verdict, lang: str | None) -> Iterator[tuple[str, str]]:
    """(key, sentence) in the order they are read."""
    yield "seen", _seen(verdict, lang)
    for step in verdict.param("wrong_steps").split(", "):
        if step:
            yield "seen", filled(word("staged", "differs", lang), step=step)
    tables = [entry(code, lang) for code in verdict.codes] or [entry(verdict.status, lang)]
    names = _joined(_missed(verdict, lang), "list", lang)
    values = {**_values(verdict, lang), "names": names}
    for key in _SENTENCES:
        for table in tables:
            if table.get(key):
                yield key, filled(str(table[key]), **values)
    weights, output = verdict.param("weights"), verdict.param("output")
    if verdict.evidence == "pair" and weights and not weights.startswith(f"{output} "):  # else it is said
        yield "facts", filled(word("evidence.coefficients", "seen", lang), **values)
    for fact, details in verdict.facts:
        yield "facts", filled(word("facts", fact, lang), **dict(details))
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
    lines = [labelled(verdict.check, word("status", verdict.status, lang), lang)]
    lines += [
        labelled(word("card", key, lang), text, lang) for key, text in _sentences(verdict, lang) if text
    ]
    if verdict.example:
        lines.append(labelled(word("card", "example", lang), "", lang))
        lines += [_indented(f"  {label} = ", text) for label, text in _rows(verdict.example, lang)]
    if verdict.printed:
        lines.append(labelled(word("card", "printed", lang), "", lang))
        lines.append(_indented("  ", verdict.printed))
    return "\n".join(lines)


def labelled(label: str, text: str, lang: str | None = None) -> str:
    """A label, the colon of the language, and a text.

    >>> labelled("inference", "passed", "en"), labelled("y", "", "ja")
    ('inference: passed', 'y：')
    """
    return filled(word("card", "colon", lang), first=label, second=text).rstrip()


def _rows(example: Example, lang: str | None) -> Iterator[tuple[str, str]]:
    yield from example.arguments
    for kind in ("yours", "expected"):
        for name, text in getattr(example, kind):
            yield filled(word("card", "whose", lang), output=name, value=word("card", kind, lang)), text


def _indented(label: str, text: str) -> str:
    """The further lines of `text` begin below its first; a wide character takes two places."""
    width = sum(2 if east_asian_width(one) in "WF" else 1 for one in label)
    return label + text.replace("\n", "\n" + " " * width)


def as_html(verdict: Verdict, lang: str | None = None) -> str:
    """The verdict as one <section>; colours are inherited, the status is a word.

    >>> as_html(Verdict("inference", "pass"), "en")[:48]
    '<section class="bn-verdict bn-pass" lang="en" st'
    """
    tongue = lang or current_language()
    style = "border-inline-start:.25em solid currentColor;padding:.2em 0 .2em 1em;margin:.5em 0"
    status = _marked(labelled(f"`{verdict.check}`", word("status", verdict.status, lang), lang))
    html = [
        f'<section class="bn-verdict bn-{verdict.status}" lang="{_HTML_LANG.get(tongue, tongue)}" '
        f'style="{style}"><p><strong>{status}</strong></p><dl>'
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
    if verdict.printed:
        html.append(f"<p>{escape(word('card', 'printed', lang))}</p>{_PRE}{escape(verdict.printed)}</pre>")
    return "".join([*html, "</section>"])


def _example_html(example: Example, lang: str | None) -> str:
    rows = "".join(
        f'<tr><th scope="row" style="text-align:start">{escape(label)}</th>'
        f'<td style="text-align:start">{_PRE}{escape(text)}</pre></td></tr>'
        for label, text in _rows(example, lang)
    )
    return f"<table><caption>{escape(word('card', 'example', lang))}</caption><tbody>{rows}</tbody></table>"


def _marked(text: str) -> str:
    """Escaped, with `code` between backticks."""
    parts = escape(text).split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))
