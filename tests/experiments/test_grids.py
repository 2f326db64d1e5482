"""The grids plan what their docstrings say; rates are chosen by validation and by nothing else."""

from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest

from bncourse.errors import StateError
from bncourse.experiments import RECIPES, RunConfig
from bncourse.experiments.grids import ARMS, SEARCH_RATES, chosen_rates, twelve_honest, twelve_search
from bncourse.experiments.store import append_row, read_rows

SWEEPS = ("twelve-configurations", "twelve-honest")


def write_search(folder: Path, scores: dict[float, float | None], *, full: bool = False) -> None:
    """A whole search in which all arms have the same scores, and test accuracies the other way round."""
    for config in twelve_search(full=full):
        score = scores[config.learning_rate]
        row = {"key": config.key(), "config": config.to_json(), "validation_accuracy": score}
        append_row({**row, "test_accuracy": 1 - (score or 0)}, folder)


def arm_of(config: RunConfig) -> tuple[float, str]:
    return config.dropout, "none" if config.norm == "none" else config.where


@pytest.mark.parametrize("name", SWEEPS)
def test_every_seed_has_the_twelve_arms(name: str) -> None:
    runs = RECIPES[name](2)
    for seed in range(2):
        assert [arm_of(config) for config in runs if config.seed == seed] == ARMS
    assert len(set(ARMS)) == 12


def test_the_arms_differ_in_nothing_but_dropout_and_norm() -> None:
    alike = {replace(config, dropout=0.0, norm="none", where="both") for config in RECIPES[SWEEPS[0]](1)}
    assert len(alike) == 1


def test_the_article_looks_at_the_test_images_and_the_honest_protocol_does_not() -> None:
    assert {c.curve for c in RECIPES["twelve-configurations"]()} == {"test"}
    assert {c.validation_size for c in RECIPES["twelve-configurations"]()} == {0}
    for name in ("twelve-search", "twelve-honest"):
        assert {(c.curve, c.validation_size) for c in RECIPES[name]()} == {("none", 5_000)}


def test_the_search_tries_every_rate_with_a_seed_that_is_not_reported() -> None:
    runs = twelve_search()
    assert {(arm_of(c), c.learning_rate) for c in runs} == {
        (arm, rate) for arm in ARMS for rate in SEARCH_RATES
    }
    assert not {c.seed for c in runs} & {c.seed for c in RECIPES["twelve-honest"](100)}


def test_the_best_validation_accuracy_chooses_the_rate(tmp_path: Path) -> None:
    write_search(tmp_path, {3e-4: 0.3, 1e-3: 0.5, 3e-3: 0.7, 1e-2: 0.4})
    assert chosen_rates(folder=tmp_path) == dict.fromkeys(ARMS, 3e-3)
    assert {c.learning_rate for c in twelve_honest(1, folder=tmp_path)} == {3e-3}


def test_a_diverged_run_loses_and_of_equals_the_smaller_rate_wins(tmp_path: Path) -> None:
    write_search(tmp_path, {3e-4: None, 1e-3: 0.5, 3e-3: 0.5, 1e-2: None})
    assert set(chosen_rates(folder=tmp_path).values()) == {1e-3}


def test_without_a_whole_search_there_is_no_choice(tmp_path: Path) -> None:
    with pytest.raises(StateError) as error:
        twelve_honest(folder=tmp_path)
    assert str(error.value) == (
        "must hold: the learning rates were searched first; got: 0 rows of twelve-search; "
        "try: python -m bncourse experiment run twelve-search"
    )
    write_search(tmp_path, dict.fromkeys(SEARCH_RATES, 0.5))
    twelve_honest(folder=tmp_path)
    with pytest.raises(StateError, match="run twelve-search --full"):  # a search of the other budget is none
        twelve_honest(full=True, folder=tmp_path)


@pytest.mark.parametrize("name", ["twelve-configurations", "twelve-search", "input-scale", "initialisation"])
def test_the_full_budget_is_the_articles_net_on_all_images(name: str) -> None:
    small, full = RECIPES[name](1), RECIPES[name](1, full=True)
    assert {(c.width, c.train_size, c.precision) for c in full} == {(1.0, None, "bf16")}
    assert {c.width for c in small} == {0.5}
    assert len(small) == len(full)
    assert not {c.key() for c in small} & {c.key() for c in full}
    if name == "twelve-configurations":
        assert {c.epochs for c in full} == {20}


def test_the_sweep_of_scales_has_every_combination_for_every_seed() -> None:
    runs = RECIPES["input-scale"](3)
    assert len({(c.input_scale, c.learning_rate, c.norm, c.seed) for c in runs}) == len(runs) == 3 * 7 * 2 * 3
    rates = sorted({c.learning_rate for c in runs})
    assert (rates[0], rates[-1]) == (1e-4, 1e-1)
    assert {c.dropout for c in runs} == {0.4}


def test_bfloat16_costs_no_accuracy_on_cifar10() -> None:
    """The recorded runs: the mean of five seeds lies within what float32's five seeds span."""
    rows = {row["key"]: row for row in read_rows("precision")}
    runs = RECIPES["precision"](5)
    accuracy = {
        number: [rows[c.key()]["test_accuracy"] for c in runs if c.precision == number]
        for number in ("float32", "bf16")
    }
    assert len(accuracy["float32"]) == 5
    assert min(accuracy["float32"]) < fmean(accuracy["bf16"]) < max(accuracy["float32"])
    assert accuracy["float32"] != accuracy["bf16"]
