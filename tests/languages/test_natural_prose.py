"""Natural prose in any of the languages sets off no check, and a cell is read as the book reads it."""

from __future__ import annotations

import pytest
from book_cells import by_id, digest, path_of, read, stamp
from check_langs import check_book
from langlint.markup import parse
from langlint.prose import numbers


def test_order_inside_a_sentence_is_free(book, edit):
    more = (
        "See {ref}`sample` and {ref}`sample-steps`, {cite}`a`, {cite}`b`, <https://a.org>, <https://b.org>."
    )
    turned = "<https://b.org>、<https://a.org>、{cite}`b`、{cite}`a`、{ref}`sample-steps`、{ref}`sample`。"
    for lang in ("en", "ja", "zh", "ko"):
        text = more if lang == "en" else turned
        edit(lang, "intro", lambda cell, text=text: cell.update(source=f"{cell.source}\n\n{text}"))
    english = by_id(read(path_of(book, "en", "sample")))["intro"].source
    for lang in ("ja", "zh", "ko"):
        edit(lang, "intro", lambda cell: stamp(cell, digest(english)))
    assert check_book(book) == []


@pytest.mark.parametrize(
    ("lang", "cell", "text"),
    [
        ("ja", "intro", "PyTorch の `momentum` と NumPy、Sergey Ioffe と Christian Szegedy の論文です。"),
        ("ja", "intro", "積は 3 \\* 4、**強調** と *斜体* です。"),
        ("zh", "intro", "参见 *How does batch normalization help optimization?*，以及 x.y 与 3:1 的比例。"),
        (
            "ko",
            "intro",
            "논문 *How does batch normalization help optimization?*\n그리고 PyTorch를 보세요.",
        ),
        ("ja", "intro", "| 英語 | 説明 |\n|---|---|\n| running mean | 移動平均 |\n| `dy` | 上流の勾配 |"),
        ("zh", "steps", "```python\n# not prose at all, but a comment of the code\nx = 1\n```"),
    ],
)
def test_natural_prose_gives_no_false_alarm(book, edit, lang, cell, text):
    edit(lang, cell, lambda found: found.update(source=found.source + "\n\n" + text))
    assert check_book(book) == []


ONE_OF_EACH = """(a)=
## T

:::{solution} ex
:class: dropdown

```{math}
:label: eq
x \\text{und}
```
:::

\\begin{align}
y
\\end{align}

{numref}`Figure %s <fig>`, {cite:t}`a, b`, <https://x.org>

:::{figure} a.svg
:name: fig
:alt: What it shows
Caption.
:::

<img src="b.png" alt="B">"""


def test_one_cell_is_read_as_the_book_reads_it():
    markup = parse(ONE_OF_EACH)
    assert markup.directives == ["solution :class: dropdown", "math", "figure"]
    assert markup.labels == ["a", "eq", "fig"]
    assert markup.headings == [2]
    assert markup.equations == ["x \\text", "\\begin{align} y \\end{align}"]
    assert markup.references == ["solution ex", "numref fig"]
    assert markup.citations == ["cite:t a", "cite:t b"]
    assert markup.links == ["https://x.org"]
    assert [(image.src, image.alt) for image in markup.images] == [("a.svg", "What it shows"), ("b.png", "B")]


@pytest.mark.parametrize(
    ("english", "other", "lost"),
    [
        ("50,000 images, 4.26 M parameters", "5만 장, 파라미터 426만 개", []),
        ("five thousand steps, a hundred runs", "5 千步、100 次", []),
        ("divides by 25 only", "25만으로 나눕니다", []),
        ("two rows of 3", "3 行が二つ、つまり 2 行", []),
        ("about 11 % at 0.01", "約 11 %、`std = 0.01` のとき", []),
        ("CIFAR-10 in 2009, float32", "2009 年の CIFAR-10、float32", []),
        ("error 0.25", "误差 0.52", ["only English has 0.25", "only the translation has 0.52"]),
        ("50,000 images", "6 万枚", ["only English has 50000"]),
        ("in 2015", "于 2016 年", ["only English has 2015", "only the translation has 2016"]),
    ],
)
def test_numbers_are_compared_as_each_language_writes_them(english, other, lost):
    assert [violation.got for violation in numbers(english, other)] == lost
