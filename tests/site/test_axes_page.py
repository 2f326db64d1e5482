"""The figure of shared axes on the built page: norm and batch size are picked by mouse or by keyboard."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from importlib.resources import files

import pytest
from playwright.sync_api import BrowserContext, Locator, Page

from bncourse.plots.axes_figure import set_number
from bncourse.reference.channels import SHARED

pytestmark = pytest.mark.browser

LANGS = ["en", "ja", "zh", "ko"]
LABELS = tomllib.loads(files("bncourse.plots").joinpath("labels.toml").read_text(encoding="utf-8"))
CHANNELS, PLACES = 6, 4

Open = Callable[..., Page]


@pytest.fixture
def visit(context: Callable[..., BrowserContext], base: str) -> Iterator[Open]:
    """Open the chapter; the console must have stayed silent when the test ends."""
    complaints: list[str] = []

    def visit_(lang: str = "en", **options: object) -> Page:
        tab = context(**options).new_page()
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        tab.goto(f"{base}/{lang}/small-batches.html")
        return tab

    yield visit_
    assert complaints == []


def panel(tab: Page) -> Locator:
    """The one norm that is shown."""
    shown = tab.locator(".bn-norm:visible")
    assert shown.count() == 1
    return shown


def pick(tab: Page, name: str, value: object) -> None:
    tab.locator(f".bn-choice label:has([name={name}][value='{value}'])").click()


def assert_shows(tab: Page, norm: str, size: int, lang: str = "en") -> None:
    """Norm, rows, numbers and counts are those of the package."""
    shown = panel(tab)
    assert shown.get_attribute("data-norm") == norm
    expected = [set_number(norm, n, c) for n in range(size) for c in range(CHANNELS)]
    tiles = shown.locator(".bn-tile text:visible").all_text_contents()
    assert [int(tile) for tile in tiles] == expected
    words = LABELS["axes-counts-rms" if norm == "rms" else "axes-counts"][lang]
    counts = words.format(sets=max(expected), values=expected.count(1) * PLACES)
    assert shown.locator(".bn-counts").inner_text() == counts
    alone = tab.locator(".bn-alone")
    assert alone.is_visible() == (norm == "batch" and size == 1)


@pytest.mark.parametrize("lang", LANGS)
def test_a_click_shows_norm_and_batch_size(lang: str, visit: Open) -> None:
    tab = visit(lang)
    assert_shows(tab, "batch", 4, lang)
    for norm in SHARED:
        pick(tab, "norm", norm)
        for size in (1, 2, 4, 8):
            pick(tab, "size", size)
            assert_shows(tab, norm, size, lang)
    spoken = panel(tab).get_by_role("img").get_attribute("aria-label")
    assert spoken == LABELS["axes-rms"][lang]


def test_the_keyboard_reaches_both_choices(visit: Open) -> None:
    tab = visit()
    tab.focus(".bn-choice [name=norm][value=batch]")
    tab.keyboard.press("ArrowRight")
    assert_shows(tab, "instance", 4)
    tab.keyboard.press("Tab")
    tab.keyboard.press("ArrowLeft")
    assert_shows(tab, "instance", 2)
    tab.keyboard.press("ArrowLeft")
    assert_shows(tab, "instance", 1)


@pytest.mark.parametrize("lang", LANGS)
def test_without_javascript_all_norms_stand_side_by_side(lang: str, visit: Open) -> None:
    tab = visit(lang, java_script_enabled=False)
    panels = tab.locator(".bn-norm")
    assert panels.count() == len(SHARED)
    assert all(each.is_visible() for each in panels.all())
    assert not tab.locator(".bn-choice").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", LANGS)
def test_a_phone_shows_it_whole_and_readable(lang: str, scheme: str, visit: Open) -> None:
    tab = visit(lang, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    for norm in SHARED:
        pick(tab, "norm", norm)
        for box in ("document.documentElement", "document.querySelector('.bn-axes')"):
            assert tab.evaluate(f"{box}.scrollWidth - {box}.clientWidth") <= 0, norm
    heights = tab.eval_on_selector_all(
        ".bn-norm:not([hidden]) .bn-row:not([display]) text",
        "texts => texts.map((text) => text.getBoundingClientRect().height)",
    )
    assert min(heights) >= 11
    boxes = tab.eval_on_selector_all(
        ".bn-choice label", "labels => labels.map((l) => l.getBoundingClientRect().height)"
    )
    assert min(boxes) >= 36  # a finger finds it


def test_two_on_a_page_do_not_disturb_each_other(context: Callable[..., BrowserContext]) -> None:
    from bncourse.plots import norm_axes

    tab = context().new_page()
    tab.set_content(norm_axes().html * 2)
    second = tab.locator("figure.bn-axes").nth(1)
    second.locator("[name=norm][value=layer]").check()
    shown = tab.locator(".bn-norm:visible")
    assert [each.get_attribute("data-norm") for each in shown.all()] == ["batch", "layer"]
