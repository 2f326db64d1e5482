"""The training loop: it learns, repeats itself, treats its arms alike and says when a run diverged."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from bncourse.data import Dataset, load
from bncourse.errors import DataError, StateError
from bncourse.experiments import RunConfig, train, training
from bncourse.experiments.machine import pick_device
from bncourse.experiments.pixels import pixel_moments, standardise
from bncourse.experiments.training import evaluate
from bncourse.models import SeedCNN

TINY = RunConfig(width=0.1, batch_size=32, epochs=2, log_every=3)
CLOCK = ("seconds", "images_per_second")


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load("shapes", train=170, test=60)


def numbers(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in CLOCK}


def test_the_loss_falls_on_a_tiny_problem(data: Dataset) -> None:
    row = train(replace(TINY, norm="batch", epochs=8, learning_rate=3e-3), data)
    assert row["train_loss"][-1] < 0.6 * row["train_loss"][0]
    assert row["test_accuracy"] > 0.2


def test_a_row_has_a_loss_an_epoch_and_a_point_every_few_steps(data: Dataset) -> None:
    row = train(TINY, data)
    # 170 // 32 = 5 steps an epoch, 10 in all, so points after 3, 6, 9 and the last one
    assert len(row["train_loss"]) == 2
    assert len(row["loss_curve"]) == 4
    curve, weights = np.array(row["loss_curve"]), np.array([3, 3, 3, 1])
    assert np.average(curve, weights=weights) == pytest.approx(np.mean(row["train_loss"]), abs=1e-4)
    assert row["diverged"] is False


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_the_same_run_gives_the_same_numbers(data: Dataset, norm: str) -> None:
    config = replace(TINY, norm=norm, dropout=0.3)
    first, again = train(config, data, device="cpu"), train(config, data, device="cpu")
    other = train(replace(config, seed=1), data, device="cpu")
    assert numbers(first) == numbers(again)
    assert numbers(first) != numbers(other)


def test_arms_see_the_same_batches_in_the_same_order(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[torch.Tensor] = []

    def spy(images: torch.Tensor, *moments: torch.Tensor) -> torch.Tensor:
        seen.append(images)
        return standardise(images, *moments)

    monkeypatch.setattr(training, "standardise", spy)
    arms = []
    # Dropout and a wider net draw more random numbers: neither may change the batches.
    for arm in (TINY, replace(TINY, norm="batch", dropout=0.3, width=0.2)):
        train(arm, data)
        arms.append(seen[:10])
        seen.clear()
    assert all(torch.equal(a, b) for a, b in zip(*arms, strict=True))
    assert not torch.equal(arms[0][0], arms[0][5])  # the second epoch has another order


def test_test_images_are_standardised_with_the_moments_of_the_training_images(data: Dataset) -> None:
    dark = replace(data, test_images=data.test_images // 4)
    assert train(TINY, data)["test_loss"] != train(TINY, dark)["test_loss"]
    assert train(TINY, data)["train_loss"] == train(TINY, dark)["train_loss"]


def test_evaluating_changes_no_buffer(data: Dataset) -> None:
    net = SeedCNN("batch", width=0.1)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    images, labels = torch.tensor(data.test_images), torch.tensor(data.test_labels)
    accuracy, loss = evaluate(net, images, labels, pixel_moments(data.train_images))
    assert 0 <= accuracy <= 1 < loss
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_a_diverged_run_is_recorded_and_stops(data: Dataset) -> None:
    row = train(replace(TINY, learning_rate=1e30, epochs=5), data)
    assert row["diverged"] is True
    assert row["train_loss"][-1] is None
    assert len(row["train_loss"]) < 5
    assert row["test_accuracy"] is None
    assert row["test_loss"] is None


def test_every_epoch_is_reported(data: Dataset) -> None:
    heard: list[tuple[int, float]] = []
    row = train(TINY, data, on_epoch=lambda epoch, loss: heard.append((epoch, round(loss, 5))))
    assert heard == list(enumerate(row["train_loss"]))


@pytest.mark.parametrize(
    ("curve", "part"), [("test", "test_accuracy"), ("validation", "validation_accuracy")]
)
def test_a_curve_ends_where_the_run_ends(data: Dataset, curve: str, part: str) -> None:
    row = train(replace(TINY, norm="batch", curve=curve, validation_size=20), data)
    assert len(row["curve"]) == 2
    assert row["curve"][-1] == row[part]
    assert "curve" not in train(TINY, data)


def test_looking_at_the_test_images_changes_nothing(data: Dataset) -> None:
    config = replace(TINY, norm="batch", dropout=0.3)
    seen = numbers(train(replace(config, curve="test"), data, device="cpu"))
    del seen["curve"]
    assert seen == numbers(train(config, data, device="cpu"))


@pytest.mark.parametrize("scale", ["unit", "raw"])
def test_pixels_reach_the_net_as_asked(data: Dataset, monkeypatch: pytest.MonkeyPatch, scale: str) -> None:
    seen: list[torch.Tensor] = []

    def spy(images: torch.Tensor, *moments: torch.Tensor) -> torch.Tensor:
        seen.append(standardise(images, *moments))
        return seen[-1]

    monkeypatch.setattr(training, "standardise", spy)
    train(replace(TINY, input_scale=scale, epochs=1, learning_rate=1e-6), data)
    top = 255 if scale == "raw" else 1
    assert seen[0].min() == 0
    assert float(seen[0].max()) == pytest.approx(top * int(data.train_images.max()) / 255, rel=1e-5)


def test_config_and_data_must_fit(data: Dataset) -> None:
    with pytest.raises(StateError) as name:
        train(replace(TINY, data="cifar10"), data)
    assert str(name.value) == 'must hold: the data are those of the config; got: shapes; try: load("cifar10")'
    with pytest.raises(DataError) as size:
        train(replace(TINY, train_size=171), data)
    assert str(size.value) == (
        "must hold: batch_size ≤ train_size ≤ 170, the number of training images; "
        "got: batch_size=32, train_size=171; try: a smaller batch_size or train_size"
    )


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(StateError, match="must hold: this machine has the device; got: 'abacus'"):
        pick_device("abacus")
