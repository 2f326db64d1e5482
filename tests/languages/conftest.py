"""A small book in four languages without a fault, for tests to break."""

# ruff: noqa: E501  a Japanese or Chinese paragraph is one line

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import nbformat.v4 as v4
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))  # the tools are scripts beside the package, not part of it

from book_cells import BOOK, LANGS, by_id, digest, path_of, read, stamp, write  # noqa: E402
from sync_langs import sync  # noqa: E402

SETUP = """try:
    import bncourse
except ModuleNotFoundError:
    %pip install -q bncourse
    import bncourse

bncourse.use_language("en")"""

FIGURE = '<figure class="bn-figure"><svg role="img" aria-label="Two bars"><text>0.25</text></svg></figure>'

INTRO = {
    "en": """(sample)=
# Batch normalisation

The **mean** of a mini-batch has variance 0.25 {cite}`ioffe2015`; {ref}`sample-steps` says why.
Read [the paper](https://arxiv.org/abs/1502.03167), with 50,000 images and `eps = 1e-5`.

$$
\\mu = \\frac{1}{N} \\sum_i x_i \\quad \\text{for each channel}
$$ (sample-mu)

![A bell curve](bell.png)""",
    "ja": """(sample)=
# バッチ正規化

ミニバッチの**平均**の分散は 0.25 です {cite}`ioffe2015`。理由は {ref}`sample-steps` にあります。画像は 5 万枚、`eps = 1e-5` です。[論文](https://arxiv.org/abs/1502.03167)を読んでください。

$$
\\mu = \\frac{1}{N} \\sum_i x_i \\quad \\text{チャンネルごと}
$$ (sample-mu)

![釣り鐘の形の曲線](bell.png)""",
    "zh": """(sample)=
# 批归一化

小批量**均值**的方差是 0.25 {cite}`ioffe2015`，原因见 {ref}`sample-steps`。图像有 50,000 张，`eps = 1e-5`。请读[论文](https://arxiv.org/abs/1502.03167)。

$$
\\mu = \\frac{1}{N} \\sum_i x_i \\quad \\text{逐通道}
$$ (sample-mu)

![钟形曲线](bell.png)""",
    "ko": """(sample)=
# 배치 정규화

미니배치 **평균**의 분산은 0.25입니다 {cite}`ioffe2015`. 이유는 {ref}`sample-steps`에 있습니다.
이미지는 5만 장, `eps = 1e-5`입니다. [논문](https://arxiv.org/abs/1502.03167)을 읽어 보세요.

$$
\\mu = \\frac{1}{N} \\sum_i x_i \\quad \\text{채널마다}
$$ (sample-mu)

![종 모양 곡선](bell.png)""",
}

STEPS = {
    "en": """(sample-steps)=
## Steps

:::{exercise} The learning rate
:label: sample-rate

Why does normalisation act as a regulariser here?
:::""",
    "ja": """(sample-steps)=
## 手順

:::{exercise} 学習率
:label: sample-rate

ここで正規化が正則化としても働くのはなぜでしょうか。
:::""",
    "zh": """(sample-steps)=
## 步骤

:::{exercise} 学习率
:label: sample-rate

为什么归一化在这里也起正则化的作用？
:::""",
    "ko": """(sample-steps)=
## 단계

:::{exercise} 학습률
:label: sample-rate

여기서 정규화가 규제 구실도 하는 까닭은 무엇일까요?
:::""",
}


def _english() -> object:
    html = v4.new_output("display_data", data={"text/html": FIGURE, "text/plain": "<figure>"})
    spoken = v4.new_output("stream", name="stdout", text="en\n")
    printed = v4.new_output("stream", name="stdout", text="2\n")
    return v4.new_notebook(
        cells=[
            v4.new_code_cell(SETUP, id="setup", metadata={"tags": ["remove-cell"]}, execution_count=1),
            v4.new_markdown_cell(INTRO["en"], id="intro"),
            v4.new_code_cell("print(1 + 1)", id="sum", execution_count=2, outputs=[printed]),
            v4.new_code_cell(
                "print(bncourse.current_language())",
                id="speak",
                metadata={"tags": ["localised"]},
                execution_count=3,
                outputs=[spoken],
            ),
            v4.new_code_cell("show()", id="figure", execution_count=4, outputs=[html]),
            v4.new_markdown_cell(STEPS["en"], id="steps"),
        ]
    )


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A temporary book of one chapter, `sample`, translated into every language."""
    folder = tmp_path / "book"
    (folder / "i18n").mkdir(parents=True)
    for table in ("terms.csv", "term_rules.csv"):
        (folder / "i18n" / table).write_bytes((BOOK / "i18n" / table).read_bytes())
    write(path_of(folder, "en", "sample"), _english())
    sync(folder)
    for lang in LANGS:
        notebook = read(path_of(folder, lang, "sample"))
        for cell_id, text in (("intro", INTRO), ("steps", STEPS)):
            by_id(notebook)[cell_id].source = text[lang]
            stamp(by_id(notebook)[cell_id], digest(text["en"]))
        by_id(notebook)["speak"].outputs[0]["text"] = f"{lang}\n"
        write(path_of(folder, lang, "sample"), notebook)
    return folder


@pytest.fixture
def edit(book: Path) -> Callable[[str, str, Callable[[object], None]], None]:
    """edit(lang, cell, change) changes one cell in place."""

    def change_cell(lang: str, cell_id: str, change: Callable[[object], None]) -> None:
        notebook = read(path_of(book, lang, "sample"))
        change(by_id(notebook)[cell_id])
        write(path_of(book, lang, "sample"), notebook)

    return change_cell
