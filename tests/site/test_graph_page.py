"""The 16 nodes on the built page: what a reader does there, and that its numbers are the package's."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from importlib.resources import files

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page

from bncourse import graph
from bncourse.graph import NODES, Graph

pytestmark = pytest.mark.browser

LANGS = ["en", "ja", "zh", "ko"]
LABELS = tomllib.loads(files("bncourse.graph").joinpath("labels.toml").read_text(encoding="utf-8"))
# The batch of the chapter.
BATCH = {
    "x": np.array([[1.0, 2.0], [9.0, 2.0], [5.0, 2.0], [5.0, 6.0]]),
    "dy": np.array([[1.0, 2.0], [0.0, 1.0], [2.0, 0.0], [1.0, -1.0]]),
    "gamma": np.array([3.0, -2.0]),
    "beta": np.array([1.0, 0.0]),
    "eps": 1.0,
}
ALL_NUMBERS = """() => Object.fromEntries([...document.querySelectorAll('.bn-graph .bn-numbers')].map(
  (table) => [table.dataset.of, [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent))]
))"""

Open = Callable[..., Page]


def say(key: str, lang: str, **blanks: object) -> str:
    return LABELS[key].get(lang, key).format(**blanks)


def numbers_of(run: Graph) -> dict[str, np.ndarray]:
    """Every table of the page, from Python."""
    values = {step.node.name: step.value for step in run.steps}
    gradients = {f"d{step.node.name}": step.gradient for step in run.steps}
    parts = {edge.part: edge.gradient for edge in run.edges if edge.source in ("x", "xc")}
    return values | gradients | parts


def assert_agree(shown: dict[str, list[list[str]]], batch: dict[str, object]) -> None:
    """What stands on the page is what bncourse computes, to the four digits shown."""
    expected = numbers_of(graph.trace(**batch))
    assert set(shown) == set(expected)
    for name, right in expected.items():
        found = np.array(shown[name], dtype=float)
        np.testing.assert_allclose(found, np.atleast_2d(right), rtol=5.1e-4, atol=1e-12, err_msg=name)


@pytest.fixture
def visit(context: Callable[..., BrowserContext], base: str) -> Iterator[Open]:
    """Open the chapter; the console must have stayed silent when the test ends."""
    complaints: list[str] = []

    def visit_(lang: str = "en", **options: object) -> Page:
        tab = context(**options).new_page()
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        tab.goto(f"{base}/{lang}/computational-graph.html")
        return tab

    yield visit_
    assert complaints == []


def card(tab: Page) -> str:
    """The one card that is shown."""
    shown = tab.locator(".bn-card:visible")
    assert shown.count() == 1
    return shown.get_attribute("data-node")


def table(tab: Page, name: str) -> np.ndarray:
    """Numbers that a reader sees now."""
    rows = tab.locator(f".bn-numbers[data-of={name}] tr")
    return np.array([row.split() for row in rows.all_inner_texts()], dtype=float)


def field(tab: Page, label: str) -> object:
    return tab.get_by_label(label, exact=True)


@pytest.mark.parametrize("lang", LANGS)
def test_a_click_shows_the_node_s_card(lang: str, visit: Open) -> None:
    tab = visit(lang)
    tab.click(".bn-node[data-node=inv_std_rows]")
    assert card(tab) == "inv_std_rows"
    run = graph.trace(**BATCH)["inv_std_rows"]
    np.testing.assert_allclose(table(tab, "inv_std_rows"), run.value, rtol=5.1e-4)
    np.testing.assert_allclose(table(tab, "dinv_std_rows"), run.gradient, rtol=5.1e-4)
    assert tab.get_attribute(".bn-node[data-node=inv_std_rows]", "aria-current") == "true"
    spoken = tab.get_attribute(".bn-node[data-node=inv_std_rows]", "aria-label")
    assert spoken == f"⑧ inv_std_rows, {LABELS['shape'].get(lang, 'shape')} (N, D)"
    tab.click(".bn-card:visible a[data-go=inv_std]")
    assert card(tab) == "inv_std"
    assert_agree(tab.evaluate(ALL_NUMBERS), BATCH)


def test_a_touch_shows_the_node_s_card(visit: Open) -> None:
    tab = visit(viewport={"width": 390, "height": 844}, has_touch=True)
    tab.tap(".bn-node[data-node=std] .bn-name")
    assert card(tab) == "std"


def test_the_keyboard_goes_from_node_to_node(visit: Open) -> None:
    tab = visit(reduced_motion="reduce", viewport={"width": 1280, "height": 500})
    tab.focus(".bn-node[data-node=x]")
    for node in NODES[1:6]:
        tab.keyboard.press("Tab")
        assert card(tab) == node.name
    run = graph.trace(**BATCH)["var"]
    np.testing.assert_allclose(table(tab, "var")[0], run.value, rtol=5.1e-4)
    np.testing.assert_allclose(table(tab, "dvar")[0], run.gradient, rtol=5.1e-4)
    for key, name in [
        ("ArrowRight", "std"), ("ArrowDown", "inv_std"), ("ArrowLeft", "std"), ("ArrowUp", "var"),
        ("End", "y"), ("ArrowRight", "y"), ("Home", "x"), ("ArrowLeft", "x"),
    ]:  # fmt: skip
        tab.keyboard.press(key)
        assert card(tab) == name
    for key in ("Enter", " "):
        tab.focus(".bn-node[data-node=beta]")
        tab.evaluate("document.querySelector('[data-do=forward]').click()")  # the focus stays
        assert card(tab) != "beta"
        scrolled = tab.evaluate("scrollY")
        tab.keyboard.press(key)
        assert card(tab) == "beta"
        tab.wait_for_timeout(200)  # left alone, the space bar scrolls by a screen, and Enter follows the link
        assert abs(tab.evaluate("scrollY") - scrolled) < 100
        assert tab.evaluate("location.hash") == ""


@pytest.mark.parametrize("lang", LANGS)
def test_changed_numbers_are_computed_as_bncourse_does(lang: str, visit: Open) -> None:
    tab = visit(lang)
    for label, text in [("eps", "0.25"), ("x[1, 0]", "−2.5"), ("gamma[1]", "１.5")]:
        field(tab, label).fill(text)
    x, gamma = BATCH["x"].copy(), BATCH["gamma"].copy()
    x[1, 0], gamma[1] = -2.5, 1.5
    assert_agree(tab.evaluate(ALL_NUMBERS), BATCH | {"x": x, "gamma": gamma, "eps": 0.25})
    assert tab.inner_text(".bn-trouble") == ""
    tab.click(".bn-fields button[type=reset]")
    assert_agree(tab.evaluate(ALL_NUMBERS), BATCH)
    assert field(tab, "x[1, 0]").input_value() == "9"


def test_any_batch_is_computed_as_bncourse_does(visit: Open) -> None:
    tab = visit()
    for seed in range(3):
        rng = np.random.default_rng(seed)
        batch: dict[str, object] = {
            name: rng.normal(1, 2, old.shape).round(3) for name, old in BATCH.items() if name != "eps"
        }
        batch["eps"] = round(float(rng.uniform(0.01, 1)), 4)
        for name, numbers in batch.items():
            for index, number in np.ndenumerate(numbers):
                place = f"[{', '.join(map(str, index))}]" if index else ""
                field(tab, f"{name}{place}").fill(str(number))
        assert_agree(tab.evaluate(ALL_NUMBERS), batch)


@pytest.mark.parametrize("lang", LANGS)
def test_bad_input_is_answered_in_the_reader_s_language(lang: str, visit: Open) -> None:
    tab = visit(lang)
    for label, text, key in [
        ("eps", "0", "say-positive"),
        ("eps", "-1", "say-positive"),
        ("eps", "", "say-number"),
        ("x[0, 1]", "abc", "say-number"),
        ("dy[3, 0]", "1e999", "say-number"),
        ("gamma[0]", "Infinity", "say-number"),
        ("x[2, 0]", "1e200", "say-large"),
    ]:
        field(tab, label).fill(text)
        assert tab.inner_text(".bn-trouble") == say(key, lang, name=label)
        assert field(tab, label).get_attribute("aria-invalid") == "true"
        assert_agree(tab.evaluate(ALL_NUMBERS), BATCH)
        tab.click(".bn-fields button[type=reset]")
        assert tab.inner_text(".bn-trouble") == ""
    field(tab, "eps").fill("no")
    field(tab, "eps").fill("4")
    assert tab.inner_text(".bn-trouble") == ""
    assert field(tab, "eps").get_attribute("aria-invalid") == "false"
    assert_agree(tab.evaluate(ALL_NUMBERS), BATCH | {"eps": 4.0})


@pytest.mark.parametrize("lang", LANGS)
def test_steps_go_forward_and_then_back(lang: str, visit: Open) -> None:
    tab = visit(lang)
    assert tab.inner_text(".bn-status") == say("say-all", lang)
    complete = numbers_of(graph.trace(**BATCH))
    known: set[str] = set()
    for way, nodes in [("forward", NODES), ("backward", NODES[::-1])]:
        for step, node in enumerate(nodes, 1):
            tab.click(f"[data-do={way}]")
            assert card(tab) == node.name
            now = f"{node.mark} {node.name}"
            assert tab.inner_text(".bn-status") == say(f"say-{way}", lang, step=step, node=now)
            if way == "forward":
                known.add(node.name)
            else:  # its gradient, and what it sends on to a value used twice
                known |= {f"d{node.name}", *(part for part in node.parts if "_via_" in part)}
            shown = tab.evaluate(ALL_NUMBERS)
            assert {name for name in shown if shown[name][0][0] != "·"} == known
            lit = "bn-valued" if way == "forward" else "bn-graded"
            assert tab.locator(f".bn-node.{lit}").count() == step
    assert known == complete.keys()
    tab.click("[data-do=forward]")
    assert card(tab) == "x"
    assert tab.locator(".bn-node.bn-valued").count() == 1
    tab.click("[data-do=backward]")  # all values are computed at once
    assert card(tab) == "y"
    tab.click("[data-do=all]")
    assert_agree(tab.evaluate(ALL_NUMBERS), BATCH)


@pytest.mark.parametrize("lang", LANGS)
def test_without_javascript_all_cards_lie_below(lang: str, visit: Open) -> None:
    tab = visit(lang, java_script_enabled=False)
    cards = tab.locator(".bn-card")
    assert cards.count() == 16
    assert all(each.is_visible() for each in cards.all())
    assert not tab.locator(".bn-controls").is_visible()
    assert not tab.locator(".bn-fields").is_visible()
    np.testing.assert_allclose(table(tab, "dx"), graph.trace(**BATCH)["x"].gradient, rtol=5.1e-4)
    tab.click(".bn-node[data-node=sq]")
    assert tab.url.endswith("-4")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", LANGS)
def test_a_phone_shows_it_whole_and_readable(lang: str, scheme: str, visit: Open) -> None:
    tab = visit(lang, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    for node in NODES:
        tab.click(f".bn-node[data-node={node.name}]")
        for box in ("document.documentElement", "document.querySelector('.bn-graph')"):
            assert tab.evaluate(f"{box}.scrollWidth - {box}.clientWidth") <= 0, node.name
    heights = tab.eval_on_selector_all(
        ".bn-picture text", "texts => texts.map((text) => text.getBoundingClientRect().height)"
    )
    assert min(heights) >= 11
    boxes = tab.eval_on_selector_all(
        ".bn-node", "nodes => nodes.map((n) => n.getBoundingClientRect()).map((b) => [b.width, b.height])"
    )
    assert min(min(box) for box in boxes) >= 36  # a finger finds it


def test_two_on_a_page_do_not_disturb_each_other(context: Callable[..., BrowserContext]) -> None:
    tab = context().new_page()
    once = graph.show(graph.trace(**BATCH)).html
    other = graph.show(graph.trace(**(BATCH | {"x": BATCH["x"][:, :1], "dy": BATCH["dy"][:, :1],
                                               "gamma": np.ones(1), "beta": np.ones(1)}))).html  # fmt: skip
    tab.set_content(once + other + once)
    figures = [tab.locator("figure.bn-graph").nth(place) for place in range(3)]
    figures[2].locator(".bn-node[data-node=var]").click()
    figures[1].get_by_label("eps", exact=True).fill("9")
    visible = [figure.locator(".bn-card:visible").get_attribute("data-node") for figure in figures]
    assert visible == ["x", "x", "var"]
    stds = [figure.locator("[data-of=std] td").all_text_contents() for figure in figures]
    assert stds == [["3", "2"], ["4.123"], ["3", "2"]]
