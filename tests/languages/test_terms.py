"""book/i18n/terms.csv is complete and agrees with the words fixed for the whole course."""

import csv

import pytest
from book_cells import BOOK
from langlint.terms import load_terms, term_pattern

FIXED = [
    ("normalisation", "正規化", "归一化", "정규화"),
    ("regularisation", "正則化", "正则化", "규제"),
    ("standardisation", "標準化", "标准化", "표준화"),
    ("whitening", "白色化", "白化", "백색화"),
    ("internal covariate shift", "内部共変量シフト", "内部协变量偏移", "내부 공변량 변화"),
    ("backward pass", "逆伝播", "反向传播", "역전파"),
]


def rows(name):
    with (BOOK / "i18n" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_terms_are_many_whole_sorted_and_single():
    terms = rows("terms.csv")
    assert len(terms) >= 80
    assert list(terms[0]) == ["en", "ja", "zh", "ko", "note"]
    assert all(value.strip() == value and value for row in terms for value in row.values())
    english = [row["en"] for row in terms]
    assert english == sorted(set(english), key=str.casefold)


@pytest.mark.parametrize("fixed", FIXED, ids=lambda fixed: fixed[0])
def test_confusable_terms_are_those_decided(fixed):
    found = [row for row in rows("terms.csv") if row["en"] == fixed[0]]
    assert [(row["en"], row["ja"], row["zh"], row["ko"]) for row in found] == [fixed]


def test_rules_name_terms_and_never_forbid_the_right_word():
    terms, rules = {row["en"]: row for row in rows("terms.csv")}, load_terms(BOOK / "i18n").rules
    english = [rule.en for rule in rules]
    assert english == sorted(set(english), key=str.casefold)
    assert [rule.en for rule in rules if rule.strict and rule.en not in terms] == []
    for rule in rules:
        for lang, forms in rule.wrong.items():
            right = terms.get(rule.en, {}).get(lang, "")
            assert [form for form in forms if form in right] == [], (rule.en, lang)


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("normalisation", "it normalises the input", True),
        ("normalisation", "Batch Normalization", True),
        ("normalisation", "a normal distribution", False),
        ("test set", "two test sets", True),
        ("BN", "BN layers", True),
        ("BN", "bn", False),
        ("variance", "the covariance", False),
    ],
)
def test_a_term_is_found_in_all_its_forms(term, text, found):
    assert bool(term_pattern(term).search(text)) is found


def test_a_wrong_form_is_let_through_where_it_is_the_right_word_of_another_term():
    terms = load_terms(BOOK / "i18n")
    wrong = list(terms.check("Batch norm normalises.", "正則化します。", "ja"))
    assert [violation.got for violation in wrong] == ["正則化"]
    assert list(terms.check("It normalises and regularises.", "正規化し、正則化します。", "ja")) == []


def test_practitioners_are_no_doctors_and_papers_no_sheets():
    terms = load_terms(BOOK / "i18n")
    english = "Practitioners read the paper."
    assert [v.got for v in terms.check(english, "開業医は論文を読む。", "ja")] == ["開業医"]
    assert [v.got for v in terms.check(english, "从业者阅读纸质。", "zh")] == ["纸质"]
