"""The checker's messages are complete, short and kind."""

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

import bncourse
from bncourse import mistakes

FOLDER = Path(bncourse.__file__).parent / "exercises" / "messages"
FIELDS = {"name", "meaning", "why", "next", "hints"}
WRITTEN = ("forward", "backward", "running", "inference", "modes")  # subjects that have their messages
COEFFICIENTS = {f"{subject}.coefficients" for subject in ("forward", "backward", "running", "inference")}
OTHER_NAME = {"forward.in-place", "forward.integer-truncation"}  # more exact here than in the twin
OWN_SENTENCE = {  # nothing is compared with a twin, so each says itself what was seen
    *(f"call.{name}" for name in (
        "not-attempted", "exception", "none", "exit", "input", "timeout", "recursion", "memory")),
    *(f"contract.{name}" for name in (
        "outputs", "shape", "dtype", "not-finite", "input-changed", "alias", "not-repeatable", "reseeded",
        "patched")),
    "unknown", "pass", "tests.rejects-right", "tests.missed",
}  # fmt: skip
EVIDENCE = {f"evidence.{name}" for name in ("exact", "coefficients", "pair", "property")}
FRAME = {"facts", "card", "terms", "staged", "status", "cli"}
PLACEHOLDERS = {
    *("name", "names", "output", "other", "weights", "value", "expected", "got", "argument", "attribute"),
    *("error", "line", "seconds", "caught", "of", "count", "n", "command", "first", "second", "term"),
    *("function", "step", "file"),
}
UNKIND = re.compile(
    r"!|\b(forgot|forget|wrong|mistakes?|bad|stupid|obvious(ly)?|simply|just|easy|easily|of course|sorry)\b",
    re.IGNORECASE,
)
FORMULA = re.compile(r"`|\w\s[*/^=]\s\w|\*\*|np\.(?!isfinite)|axis=|\[:")


@cache
def messages(language):
    """All tables of one language; a code stands in one file only."""
    tables = {}
    for path in sorted((FOLDER / language).glob("*.toml")):
        new = tomllib.loads(path.read_text(encoding="utf-8"))
        assert not tables.keys() & new.keys(), f"{path.name} repeats {tables.keys() & new.keys()}"
        tables |= new
    return tables


def all_texts(table):
    """The texts of a table with a word for where each stands."""
    for field, text in table.items():
        for n, one in enumerate([text] if isinstance(text, str) else text, start=1):
            yield (field if isinstance(text, str) else f"{field}-{n}"), one


TEXTS = [
    pytest.param(code, field, text, id=f"{code}-{field}")
    for code, table in messages("en").items()
    for field, text in all_texts(table)
]
NAMED = sorted({mistake.code for subject in WRITTEN for mistake in mistakes.of(subject)} | COEFFICIENTS)
JUDGED = [*NAMED, *sorted(OWN_SENTENCE)]


@pytest.mark.xfail(strict=True, reason="the messages of the further subjects are still to be written")
def test_every_subject_has_its_messages():
    assert {mistake.subject for mistake in mistakes.MISTAKES} == set(WRITTEN)


def test_there_is_a_table_for_every_code_and_none_besides():
    assert messages("en").keys() == {*NAMED, *OWN_SENTENCE, *EVIDENCE, *FRAME}


@pytest.mark.parametrize("code", JUDGED)
def test_a_code_has_every_field_and_three_hints(code):
    table = messages("en")[code]
    assert table.keys() == (FIELDS | {"seen"} if code in OWN_SENTENCE else FIELDS)
    assert len(table["hints"]) == len(set(table["hints"])) == 3


@pytest.mark.parametrize(("code", "field", "text"), TEXTS)
def test_a_text_is_short_kind_and_fills_known_places(code, field, text):
    assert text == " ".join(text.split())
    assert text
    assert not UNKIND.search(text)
    assert set(re.findall(r"{(\w*)}", text)) <= PLACEHOLDERS
    for sentence in re.split(r"(?<=[.?]) ", text):
        assert len(sentence) <= 200
    assert text.format(**dict.fromkeys(PLACEHOLDERS, "…"))  # a brace of Python's own would stop the card


@pytest.mark.parametrize("code", JUDGED)
def test_meaning_why_and_next_are_one_sentence_each(code):
    for field in ("meaning", "why", "next"):
        text = messages("en")[code][field]
        assert text.endswith(".")
        assert not re.search(r"[.?] [A-Z]", text), text


@pytest.mark.parametrize("code", NAMED)
def test_a_name_completes_the_sentence_your_answer_equals(code):
    name = messages("en")[code]["name"]
    assert name.split()[0] in {"the", "N", "old"}
    assert not name.endswith(".")
    assert len(name) <= 100
    if code not in COEFFICIENTS | OTHER_NAME:
        assert name == mistakes.find(code).equals


@pytest.mark.parametrize("code", JUDGED)
def test_code_and_formulas_wait_for_the_third_hint(code):
    table = messages("en")[code]
    texts = [table["name"], table["meaning"], table["why"], table["next"], *table["hints"][:2]]
    for text in texts:
        # "N = 8", "eps = 1e-5" and "new_weight = 0" are values, not formulas
        plain = re.sub(r"\b(N|D|eps|new_weight) = (\d[\de.-]*|D)\b", "", text)
        assert not FORMULA.search(plain), text


@pytest.mark.parametrize("code", NAMED)
def test_the_third_hint_shows_the_line(code):
    third = messages("en")[code]["hints"][2]
    assert third.count("`") >= 2
    assert third.count("`") % 2 == 0


def test_the_two_conventions_of_other_libraries_are_named_as_such():
    for code in ("running.weight-inverted", "running.biased"):
        meaning = messages("en")[code]["meaning"]
        assert "Keras, Flax" in meaning
        assert "CS231n" in meaning
        assert "PyTorch" in meaning
