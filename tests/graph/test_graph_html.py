"""The picture as HTML: whole without JavaScript, in the reader's words, the same bytes every time."""

import json
import re
import tomllib
from html import unescape
from importlib.resources import files
from xml.etree import ElementTree

import numpy as np
import pytest

from bncourse import ShapeError, StateError, graph, use_language
from bncourse.graph import NODES, words
from bncourse.graph.digits import shown
from bncourse.graph.nodes import gradient_sum
from bncourse.language import LANGUAGES
from bncourse.plots.theme import COLOURS

X = np.array([[1.0, 2.0], [9.0, 2.0], [5.0, 2.0], [5.0, 6.0]])
GAMMA, BETA = np.array([3.0, -2.0]), np.array([1.0, 0.0])
DY = np.array([[1.0, 2.0], [0.0, 1.0], [2.0, 0.0], [1.0, -1.0]])
LABELS = tomllib.loads(files("bncourse.graph").joinpath("labels.toml").read_text(encoding="utf-8"))


def traced(**change):
    return graph.trace(**({"x": X, "gamma": GAMMA, "beta": BETA, "dy": DY, "eps": 1.0} | change))


def page(**change):
    return graph.show(traced(**change))._repr_html_()


def cards(html):
    return dict(re.findall(r'<section class="bn-card" id="[^"]+" data-node="(\w+)">(.*?)</section>', html))


def tables(card):
    found = re.findall(r'<table[^>]* data-of="(\w+)"[^>]*>.*?<tbody>(.*?)</tbody>', card)
    return {
        name: [re.findall(r"<td>(.*?)</td>", row) for row in body.split("</tr>")[:-1]] for name, body in found
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_is_one_figure_that_asks_for_nothing(lang):
    use_language(lang)
    html = page()
    assert html == page()
    assert html.startswith('<figure class="bn-figure bn-graph">')
    assert html.endswith("</figure>")
    assert len(html.encode()) < 80_000
    assert not re.search(r"https?:|//cdn|@import|url\(|<link| src=", html)
    assert not re.search(r"<[^>]* on\w+=", html)
    assert not re.search(r"\beval\b|new Function|innerHTML|document\.write", html)


def test_without_javascript_all_cards_are_there_and_no_control_is():
    html = page()
    assert list(cards(html)) == [node.name for node in NODES]
    assert html.count('<div class="bn-controls" hidden>') == html.count('<form class="bn-fields" hidden') == 1
    assert " hidden" not in html[html.index('<div class="bn-cards"') : html.index("<form")]


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.name)
def test_a_card_shows_formulas_shape_and_numbers(node):
    run = traced()
    card = cards(page())[node.name]
    codes = set(map(unescape, re.findall(r"<code>(.*?)</code>", card)))
    ways = {user.backward[user.inputs.index(node.name)] for user in NODES if node.name in user.inputs}
    assert {*node.backward, *ways, f"f{node.number}", node.letters} <= codes
    if node.inputs:
        assert node.forward in codes
    if gradient_sum(node):
        assert gradient_sum(node) in codes
    assert f"= {run[node.name].shape}" in card
    expected = {node.name: run[node.name].value, f"d{node.name}": run[node.name].gradient}
    arriving = [edge for edge in run.edges if edge.source == node.name]
    if len(arriving) > 1:
        expected |= {edge.part: edge.gradient for edge in arriving}
    assert tables(card) == {
        name: [[shown(number) for number in row] for row in np.atleast_2d(numbers)]
        for name, numbers in expected.items()
    }


def test_every_link_has_its_target_and_ids_are_single():
    html = page()
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(set(ids)) == len(ids) == 16
    assert set(re.findall(r'href="#([^"]+)"', html)) == set(ids)
    assert set(re.findall(r' id="([^"]+)"', page(eps=2.0))).isdisjoint(ids)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_drawing_has_a_name_for_the_ear_and_a_line_for_every_edge(lang):
    use_language(lang)
    html = page()
    picture = html[html.index('<svg viewBox="0 0 360') :]
    svg = ElementTree.fromstring(picture[: picture.index("</svg>") + 6])
    assert svg.get("aria-label") == LABELS["picture"][lang]
    links = svg.findall(".//a")
    shape = LABELS["shape"].get(lang, "shape")
    assert [link.get("aria-label").split(",")[0] for link in links] == [f"{n.mark} {n.name}" for n in NODES]
    assert all(f", {shape} (" in link.get("aria-label") for link in links)
    drawn = {(way.get("data-from"), way.get("data-to")) for way in svg.findall("g") if way.get("data-to")}
    assert drawn == {(source, node.name) for node in NODES for source in node.inputs}
    assert [way.get("data-from") for way in svg.findall("g") if not way.get("data-to")] == ["x", "xc"]
    assert len(svg.findall("circle[@class='bn-dot']")) == 2
    assert all({path.get("class") for path in way} == {"bn-f", "bn-b"} for way in svg.findall("g"))


def test_the_page_computes_from_the_same_table():
    data = json.loads(re.search(r'<script type="application/json">(.*?)</script>', page())[1])
    assert data["given"]["x"] == X.tolist()
    assert data["given"]["eps"] == [[1.0]]
    assert [(n["name"], n["op"], tuple(n["inputs"]), tuple(n["parts"])) for n in data["nodes"]] == [
        (node.name, node.op, node.inputs, node.parts) for node in NODES
    ]
    script = files("bncourse.graph").joinpath("graph.js").read_text(encoding="utf-8")
    assert all(re.search(rf"\b{node.op}: \{{|\"{node.op}\"", script) for node in NODES)
    assert set(data["say"]) == set(re.findall(r"say\.(\w+)", script)) | {"all", "forward", "backward"}


def test_every_word_is_there_in_every_language_with_the_same_blanks():
    for key, entry in LABELS.items():
        full = {"en": key} | entry
        assert set(full) == set(LANGUAGES), key
        assert all(text.strip() for text in full.values()), key
        assert len({tuple(sorted(re.findall(r"\{\w+\}", text))) for text in full.values()}) == 1, key


@pytest.mark.parametrize("lang", LANGUAGES[1:])
def test_no_english_sentence_is_left(lang):
    use_language(lang)
    before_scripts = page().split("<script")[0].split("</style>")[1]
    heard = " ".join(re.findall(r'aria-label="([^"]+)"', before_scripts))
    seen = re.sub(r"<code>.*?</code>|<[^>]+>", " ", before_scripts)
    latin = set(re.findall(r"[A-Za-z][A-Za-z_]+", unescape(heard + seen)))
    assert latin <= {node.name for node in NODES} | {"eps", "dy"}


def test_a_word_without_translation_is_refused(monkeypatch):
    monkeypatch.setattr(words, "_labels", lambda: {**LABELS, "shape": {"ja": "形状"}})
    use_language("ko")
    with pytest.raises(StateError) as caught:
        page()
    assert str(caught.value) == (
        "must hold: every word in a figure has its entry in labels.toml, with ko; "
        "got: 'shape'; try: adding it"
    )


def test_a_batch_that_fits_on_no_card_is_refused():
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, 9, 2))
    with pytest.raises(ShapeError) as caught:
        graph.show(traced(x=x, dy=dy))
    assert str(caught.value) == (
        "must hold: the picture shows at most 8 examples and 4 features; "
        "got: x of shape (9, 2); try: x[:8, :4]"
    )
    assert graph.show(traced(x=x[:8], dy=dy[:8]))


def test_a_number_that_is_none_is_refused():
    x = X.copy()
    x[0, 0] = np.nan
    with pytest.raises(
        ShapeError, match=r"^must hold: every number in the picture is finite, x too; got: x = "
    ):
        graph.show(traced(x=x))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.015625, "0.01563"),  # a half is rounded away from zero, as JavaScript does
        (-0.015625, "-0.01563"),
        (-0.0, "0"),
        (1e-17, "0"),
        (1 / 3, "0.3333"),
        (12345.6, "12350"),
        (1e-4, "0.0001"),
        (9.9999e-5, "0.0001"),
        (1.23456e-5, "1.235e-5"),
        (999999, "1e+6"),
        (-2.5e7, "-2.5e+7"),
        (np.float32(0.1), "0.1"),
    ],
)
def test_numbers_have_four_digits(number, text):
    assert shown(float(number)) == text


def test_its_colours_are_those_of_the_other_figures():
    css = files("bncourse.graph").joinpath("graph.css").read_text(encoding="utf-8")
    assert f"--forward: {COLOURS['blue']}; --backward: {COLOURS['orange']};" in css
    assert len(re.findall(r"#[0-9a-f]{6}\b", css)) == 2  # all other ink is the page's
