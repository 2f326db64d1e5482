"""A config is its content: equal content, equal key."""

import json
from dataclasses import FrozenInstanceError, fields, replace

import pytest

from bncourse.errors import StateError
from bncourse.experiments import RECIPES, RunConfig

OTHER = {
    "experiment": "x",
    "data": "cifar10",
    "train_size": 7,
    "norm": "batch",
    "where": "conv",
    "dropout": 0.1,
    "width": 0.5,
    "learning_rate": 1e-2,
    "batch_size": 9,
    "epochs": 9,
    "seed": 9,
    "log_every": 9,
    "optimiser": "sgd",
    "model": "small-resnet",
    "placement": "before",
    "momentum": 0.5,
    "weight_decay": 0.1,
    "schedule": "cosine",
    "validation_size": 9,
    "initialisation": "he",
    "input_scale": "raw",
    "augmentation": "crop-flip",
    "curve": "test",
    "precision": "bf16",
    "fast": True,
    "measure_every": 9,
}


def test_every_field_changes_the_key() -> None:
    assert set(OTHER) == {f.name for f in fields(RunConfig)}
    keys = {RunConfig().key()} | {
        replace(RunConfig(), **{name: value}).key() for name, value in OTHER.items()
    }
    assert len(keys) == 1 + len(OTHER)


def test_the_key_of_a_recorded_run_stays() -> None:
    # Written down once: rows on disk carry such keys, so neither a default nor the hash may change.
    config = RunConfig(experiment="first-look", data="cifar10", norm="batch", learning_rate=1e-2)
    assert config.key() == "6b975c610c422ec1"


def test_goes_through_json_and_back() -> None:
    config = RunConfig(**OTHER)
    assert RunConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_a_field_of_a_later_version_is_refused() -> None:
    with pytest.raises(StateError) as error:
        RunConfig.from_json({"seed": 1, "sharpness": 2})
    assert str(error.value) == (
        "must hold: the config has fields of RunConfig only; got: sharpness; try: update the package bncourse"
    )


def test_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        RunConfig().seed = 1  # type: ignore[misc]


@pytest.mark.parametrize("name", ["batch_size", "epochs", "learning_rate", "width", "log_every"])
@pytest.mark.parametrize("sign", [0, -1])
def test_numbers_are_positive(name: str, sign: int) -> None:
    wrong = sign * getattr(RunConfig(), name)
    with pytest.raises(StateError) as error:
        RunConfig(**{name: wrong})
    assert str(error.value) == f"must hold: {name} > 0; got: {name}={wrong}; try: leave {name} out"


@pytest.mark.parametrize("name", ["momentum", "weight_decay", "validation_size", "measure_every"])
def test_some_numbers_may_be_0_but_not_less(name: str) -> None:
    kind = type(getattr(RunConfig(), name))
    RunConfig(**{name: kind(0)})
    with pytest.raises(StateError) as error:
        RunConfig(**{name: kind(-1)})
    assert str(error.value) == f"must hold: {name} ≥ 0; got: {name}={kind(-1)}; try: leave {name} out"


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("optimiser", "adam, sgd"),
        ("schedule", "constant, cosine"),
        ("model", "seed-cnn, small-resnet"),
        ("initialisation", "pytorch, glorot, he"),
        ("input_scale", "standardised, unit, raw"),
        ("augmentation", "none, crop-flip"),
        ("curve", "none, validation, test"),
        ("precision", "float32, bf16"),
    ],
)
def test_a_name_is_one_that_is_known(name: str, known: str) -> None:
    with pytest.raises(StateError) as error:
        RunConfig(**{name: "lion"})
    first = known.split(",")[0]
    assert str(error.value) == f"must hold: {name} is one of {known}; got: 'lion'; try: {name}=\"{first}\""


def test_a_curve_of_validation_wants_images_held_out() -> None:
    RunConfig(curve="validation", validation_size=1)
    with pytest.raises(StateError) as error:
        RunConfig(curve="validation")
    assert str(error.value) == (
        'must hold: a curve of validation has images held out; got: validation_size=0; try: curve="none"'
    )


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "twelve-search"])
def test_more_seeds_only_add_runs(name: str) -> None:
    one, three = RECIPES[name](1), RECIPES[name](3)
    assert three[: len(one)] == one
    assert len({config.key() for config in three}) == len(three) == 3 * len(one)
    assert {config.experiment for config in three} == {name}


def test_the_batch_sizes_have_one_budget_and_the_linear_rule() -> None:
    runs = RECIPES["batch-size"](3)
    assert {(c.batch_size, c.norm) for c in runs} == {
        (b, n) for b in (32, 16, 8, 4, 2) for n in ("batch", "group")
    }
    assert {c.train_size * c.epochs for c in runs} == {64_000}
    assert all(c.train_size % c.batch_size == 0 for c in runs)  # so nothing is dropped
    for norm in ("batch", "group"):
        assert len({c.learning_rate / c.batch_size for c in runs if c.norm == norm}) == 1
