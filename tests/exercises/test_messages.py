"""The checker's messages are complete, short and kind."""

import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

import bncourse
from bncourse import mistakes
from bncourse.exercises.specs import EXERCISES

FOLDER = Path(bncourse.__file__).parent / "exercises" / "messages"
FIELDS = {"name", "meaning", "why", "next", "hints"}
SUBJECTS = sorted({mistake.subject for mistake in mistakes.MISTAKES})
# A subject without terms (numbers that add up) has no weights to tell.
COEFFICIENTS = {f"{row.subject}.coefficients" for row in EXERCISES.values() if row.terms}
OTHER_NAME = {"forward.in-place", "forward.integer-truncation"}  # more exact here than in the twin
OWN_SENTENCE = {  # nothing is compared with a twin, so each says itself what was seen
    *(f"call.{name}" for name in (
        "not-attempted", "exception", "signature", "none", "exit", "input", "timeout", "recursion",
        "memory")),
    *(f"contract.{name}" for name in (
        "outputs", "shape", "dtype", "not-finite", "input-changed", "alias", "not-repeatable", "reseeded",
        "patched")),
    "unknown", "pass", "tests.pass", "tests.rejects-right", "tests.missed",
    "naming.pass", "naming.other", "naming.not-attempted",
}  # fmt: skip
SHORT = {"pass", "tests.pass", "naming.pass"}  # what is right needs neither meaning nor why
EVIDENCE = {f"evidence.{name}" for name in ("exact", "coefficients", "pair", "property")}
FRAME = {"facts", "card", "terms", "staged", "status", "cli"}
PLACEHOLDERS = {
    *("name", "names", "output", "other", "weights", "value", "expected", "got", "argument", "attribute"),
    *("error", "line", "seconds", "caught", "of", "count", "n", "command", "first", "second", "term"),
    *("function", "step", "file", "version"),
}
UNKIND = re.compile(
    r"!|\b(forgot|forget|wrong|mistakes?|bad|stupid|obvious(ly)?|simply|just|easy|easily|of course|sorry)\b",
    re.IGNORECASE,
)
LANGUAGES = ("ja", "zh", "ko")
UNKIND_IN = {
    "ja": re.compile("[!！]|間違|誤り|忘れ|単に|簡単|当然|明らか"),
    "zh": re.compile("[!！]|错误|错了|忘记|忘了|简单|当然|显然|粗心"),
    "ko": re.compile("[!！]|틀렸|틀린|잊|단순히|간단|당연|분명히"),
}
LONGEST = {"ja": 120, "zh": 120, "ko": 150}  # characters of a sentence; English has 200
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


def each(cases):
    """The test below, for every case in turn: ten thousand tests take longer to report than to run."""

    def decorate(test):
        def in_turn():
            failed = {}
            for case in cases:
                given = case if isinstance(case, tuple) else (case,)
                try:
                    test(*given)
                except AssertionError as error:
                    failed[" ".join(given[:2])] = str(error)
            assert failed == {}

        in_turn.__name__, in_turn.__doc__ = test.__name__, test.__doc__
        return in_turn

    return decorate


def all_texts(table):
    """The texts of a table with a word for where each stands."""
    for field, text in table.items():
        for n, one in enumerate([text] if isinstance(text, str) else text, start=1):
            yield (field if isinstance(text, str) else f"{field}-{n}"), one


def tables_of(language, path):
    """The tables of one file, in their order."""
    return tomllib.loads((FOLDER / language / path.name).read_text(encoding="utf-8"))


TEXTS = [(code, field, text) for code, table in messages("en").items() for field, text in all_texts(table)]
NAMED = sorted({mistake.code for subject in SUBJECTS for mistake in mistakes.of(subject)} | COEFFICIENTS)
JUDGED = [*NAMED, *sorted(OWN_SENTENCE)]


def test_there_is_a_table_for_every_code_and_none_besides():
    assert messages("en").keys() == {*NAMED, *OWN_SENTENCE, *EVIDENCE, *FRAME}


@each(JUDGED)
def test_a_code_has_every_field_and_three_hints(code):
    table = messages("en")[code]
    fields = FIELDS - {"meaning", "why"} if code in SHORT else FIELDS
    assert table.keys() == (fields | {"seen"} if code in OWN_SENTENCE else fields)
    assert len(table["hints"]) == len(set(table["hints"])) == 3


@each(TEXTS)
def test_a_text_is_short_kind_and_fills_known_places(code, field, text):
    assert text == " ".join(text.split())
    assert text
    assert not UNKIND.search(text)
    assert set(re.findall(r"{(\w*)}", text)) <= PLACEHOLDERS
    for sentence in re.split(r"(?<=[.?]) ", text):
        assert len(sentence) <= 200
    assert text.format(**dict.fromkeys(PLACEHOLDERS, "…"))  # a brace of Python's own would stop the card


@each(JUDGED)
def test_meaning_why_and_next_are_one_sentence_each(code):
    for field in {"meaning", "why", "next"} & messages("en")[code].keys():
        text = messages("en")[code][field]
        assert text.endswith(".")
        assert not re.search(r"[.?] [A-Z]", text), text


@each(NAMED)
def test_a_name_completes_the_sentence_your_answer_equals(code):
    name = messages("en")[code]["name"]
    assert name.split()[0] in {"the", "N", "old"}
    assert not name.endswith(".")
    assert len(name) <= 100
    if code not in COEFFICIENTS | OTHER_NAME:
        assert name == mistakes.find(code).equals


def before_the_third_hint(table):
    return [table["name"], table.get("meaning", ""), table.get("why", ""), table["next"], *table["hints"][:2]]


@each(JUDGED)
def test_code_and_formulas_wait_for_the_third_hint(code):
    table = messages("en")[code]
    for text in before_the_third_hint(table):
        # "N = 8", "eps = 1e-5" and "new_weight = 0" are values, not formulas
        plain = re.sub(r"\b(N|D|eps|new_weight) = (\d[\de.-]*|D)\b", "", text)
        assert not FORMULA.search(plain), text


@each(NAMED)
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


IN_LANGUAGES = [(language, code) for language in LANGUAGES for code in messages("en")]


def pairs(language, code):
    """Where a text stands, the English and the translation."""
    translated = dict(all_texts(messages(language).get(code, {})))
    for where, text in all_texts(messages("en")[code]):
        if where in translated:  # one test says what is missing
            yield where, text, translated[where]


def sentences(language, text):
    """The sentences of a text; a full stop inside code ends none."""
    plain = re.sub(r"`[^`]*`", "`…`", text)
    return [one for one in re.split(r"(?<=[.?]) " if language == "ko" else r"(?<=[。？])(?!$)", plain) if one]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", sorted((FOLDER / "en").glob("*.toml")), ids=lambda path: path.stem)
def test_a_translation_has_the_same_tables_in_the_same_order(language, path):
    assert list(tables_of(language, path)) == list(tables_of("en", path))


@each(IN_LANGUAGES)
def test_a_translation_has_the_same_texts_places_and_code(language, code):
    here, there = messages("en")[code], messages(language).get(code, {})
    assert [where for where, _ in all_texts(there)] == [where for where, _ in all_texts(here)]
    for where, text, translated in pairs(language, code):
        for pattern in (r"{\w*}", r"`[^`]*`"):
            assert Counter(re.findall(pattern, translated)) == Counter(re.findall(pattern, text)), where


@each(IN_LANGUAGES)
def test_a_translation_states_the_same_numbers(language, code):
    number = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?", re.ASCII)
    for where, text, translated in pairs(language, code):
        assert set(number.findall(text)) <= set(number.findall(translated)), where


@each(IN_LANGUAGES)
def test_a_translation_is_short_and_kind(language, code):
    for where, _, text in pairs(language, code):
        assert text == " ".join(text.split())
        assert text, where
        assert not UNKIND_IN[language].search(text), where
        assert text.format(**dict.fromkeys(PLACEHOLDERS, "…"))
        for sentence in sentences(language, text):
            assert len(sentence) <= LONGEST[language], where


@each([pair for pair in IN_LANGUAGES if pair[1] in JUDGED])
def test_a_translation_keeps_the_shape_of_the_card(language, code):
    table = messages(language)[code]
    for field in {"meaning", "why", "next"} & table.keys():
        assert table[field].endswith("." if language == "ko" else "。"), field
        assert len(sentences(language, table[field])) == 1, field
    assert not table["name"].endswith((".", "。"))
    assert len(table["name"]) <= 60
    for text in before_the_third_hint(table):
        assert "`" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_tell_the_versions_of_one_subject_apart(language):
    for subject in SUBJECTS:
        names = [messages(language)[code]["name"] for code in NAMED if code.startswith(f"{subject}.")]
        assert len(names) == len(set(names))


@each(NAMED)
def test_a_japanese_name_completes_its_sentence(code):
    name = messages("ja")[code]["name"]
    assert "、" not in name  # names are joined by it
    assert name.endswith("計算（{weights}）" if code in COEFFICIENTS else "計算")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_two_conventions_are_named_in_every_language(language):
    for code in ("running.weight-inverted", "running.biased"):
        for library in ("Keras", "Flax", "CS231n", "PyTorch"):
            assert library in messages(language)[code]["meaning"]


@each([pair for pair in IN_LANGUAGES if pair[0] in ("ja", "zh")])
def test_latin_words_and_numbers_have_space_around_them(language, code):
    script = "ぁ-んァ-ヶー一-龥"
    touching = re.compile(f"[{script}][A-Za-z0-9`]|[A-Za-z0-9`][{script}]|[{script}][,;:?]|[、。] | [、。]")
    for where, _, text in pairs(language, code):
        assert not touching.search(text), where
