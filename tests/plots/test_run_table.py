"""Tables of recorded runs: every run once, right numbers, true provenance, commands that repeat it."""

import re
from pathlib import Path

import pytest

from bncourse import use_language
from bncourse.experiments import RECIPES, RunConfig, read_rows
from bncourse.experiments.provenance import code_hash, code_of
from bncourse.experiments.recipes import plan
from bncourse.language import LANGUAGES
from bncourse.plots.run_table import BENCHMARK_CODE, commands, run_table

ROOT = Path(__file__).resolve().parents[2]
RECORDED = sorted(path.stem for path in (ROOT / "results").glob("*.jsonl"))


def row(config, accuracy=0.5, **fields):
    return {
        "key": config.key(),
        "config": config.to_json(),
        "test_accuracy": accuracy,
        "diverged": accuracy is None,
        "device": "cpu",
        "threads": 1,
        "machine": "Linux <&>",
        "code_hash": code_hash(code_of(config)),
        "versions": {"python": "3.11.7", "torch": "2.13.0"},
        "data": {"name": "cifar10", "source": "JPEG copy of CIFAR-10", "digest": "2d0a46891353320d"},
    } | fields


PLANNED = plan("first-look", 3)
ROWS = [row(config, 0.5 + 0.01 * config.seed) for config in PLANNED]


def lines(html, part):
    """Cells of the lines of a folded part, without its head."""
    text = html[html.index(f"<summary>{part} (") :]
    body = text[text.index("<tbody>") : text.index("</tbody>")]
    cells = [re.findall(r"<td>(.*?)</td>", line) for line in re.findall(r"<tr>(.*?)</tr>", body)]
    return [[re.sub(r"</?code>", "", cell) for cell in line] for line in cells]


def fact(html, name):
    found = re.search(rf'<th scope="row">{name}</th><td>(.*?)</td>', html)
    return found and found[1]


@pytest.mark.parametrize("experiment", RECORDED)
def test_every_recorded_run_is_listed_once(experiment):
    keys = [one["key"] for one in read_rows(experiment, ROOT / "results")]
    table = run_table(experiment)
    assert sorted(table.keys) == sorted(keys)
    listed = [line[0] for line in lines(table.html, "every run")]
    assert listed == list(table.keys)
    assert fact(table.html, "no longer planned") is None


def test_an_arm_has_mean_and_range_over_its_seeds():
    html = run_table("first-look", ROWS).html
    arms = lines(html, "result of each arm")
    assert arms == [
        [norm, rate, "0–2", "0.510", "0.500–0.520"]
        for norm in ("batch", "none")
        for rate in ("0.001", "0.01")
    ]
    assert fact(html, "runs") == "12 (seeds 0–2)"
    assert fact(html, "varied") == "<code>norm</code> · <code>learning_rate</code>"
    assert "<code>epochs=3</code>" in fact(html, "the same in all")


def test_the_order_in_which_runs_were_recorded_does_not_show():
    assert run_table("first-look", ROWS[::-1]) == run_table("first-look", ROWS)


def test_a_diverged_run_is_counted_and_not_averaged():
    one, other, *_ = (config for config in PLANNED if (config.norm, config.learning_rate) == ("none", 0.01))
    html = run_table("first-look", [row(one, None), row(other, 0.25)]).html
    assert lines(html, "result of each arm") == [["0–1", "0.250, 1 × diverged", ""]]
    assert [line[2] for line in lines(html, "every run")] == ["1 × diverged", "0.250"]


def test_what_was_recorded_with_other_code_is_told():
    html = run_table("first-look", [row(PLANNED[0], code_hash="0f"), *ROWS[1:]]).html
    assert fact(html, "code").startswith("11 × as it is now · 1 × changed since · ")
    told = {line[0]: line[-1] for line in lines(html, "every run")}
    assert [key for key, said in told.items() if said == "changed since"] == [PLANNED[0].key()]


def test_no_norm_is_nowhere():
    none, both = RunConfig(norm="none"), RunConfig(norm="batch", where="conv")
    arms = lines(run_table("live", [row(none), row(both)]).html, "result of each arm")
    assert arms == [["batch", "conv", "0", "0.500", ""], ["none", "–", "0", "0.500", ""]]


@pytest.mark.parametrize("experiment", [name for name in RECIPES if name != "twelve-honest"])
def test_the_command_runs_what_is_recorded_and_no_seed_more(experiment):
    for seeds in (1, 2):
        keys = [config.key() for config in plan(experiment, seeds)]
        enough = min(n for n in (1, 2) if len(plan(experiment, n)) == len(plan(experiment, seeds)))
        line = f"python -m bncourse experiment run {experiment} --seeds {enough}"
        assert commands(experiment, keys) == ([line], set())


def test_both_budgets_have_their_commands_and_the_rest_is_left_over():
    small, full = plan("input-scale", 1), plan("input-scale", 2, full=True)
    line = "python -m bncourse experiment run input-scale --seeds"
    keys = [config.key() for config in (small[3], full[-1])]
    assert commands("input-scale", [*keys, "0f"]) == ([f"{line} 1", f"{line} 2 --full"], {"0f"})


def test_a_benchmark_is_shown_with_its_own_measure_and_code():
    source = (ROOT / "benchmarks" / "backward.py").read_text(encoding="utf-8")
    assert f"CODE = {BENCHMARK_CODE}".replace("'", '"') in source
    html = run_table("backward-benchmark").html
    assert "ratio of times" in html
    assert fact(html, "data") is None
    assert fact(html, "command") == "<code>make bench ARGS=--record</code>"


def test_what_a_row_says_cannot_break_the_page():
    assert fact(run_table("first-look", ROWS).html, "machine") == "Linux &lt;&amp;&gt;"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_words_are_the_readers_and_names_of_settings_are_not(lang):
    use_language("en")
    english = run_table("first-look", ROWS).html
    use_language(lang)
    html = run_table("first-look", ROWS).html
    assert (html == english) == (lang == "en")
    assert re.findall(r"<code>.*?</code>", html) == re.findall(r"<code>.*?</code>", english)
    assert run_table("first-look", []).html.startswith("<p>")
