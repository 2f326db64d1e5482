"""Natural prose in any of the languages sets off no check, and a cell is read as the book reads it."""

from __future__ import annotations

import pytest
from book_cells import by_id, digest, path_of, read, stamp
from check_langs import check_book
from langlint.markup import parse


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
