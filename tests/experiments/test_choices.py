"""Net, optimiser, schedule and held-out images are those that the config names."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from bncourse.data import Dataset, load
from bncourse.errors import DataError
from bncourse.experiments import RunConfig, choices, train, training
from bncourse.experiments.choices import build_model, build_optimiser, rate_at
from bncourse.models import SeedCNN, SmallResNet

SGD = RunConfig(
    model="small-resnet",
    norm="batch",
    width=0.25,
    optimiser="sgd",
    learning_rate=0.1,
    schedule="cosine",
    batch_size=32,
    epochs=2,
)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load("shapes", train=170, test=60)


def test_the_net_is_the_one_named() -> None:
    assert isinstance(build_model(SGD), SmallResNet)
    net = build_model(RunConfig(norm="batch", where="conv", placement="before", dropout=0.3, width=0.1))
    assert isinstance(net, SeedCNN)
    assert [type(m).__name__ for m in net.features[:3]] == ["Conv2d", "BatchNorm2d", "ReLU"]
    assert net.classifier[4].p == 0.3


def test_sgd_steps_as_its_definition_says() -> None:
    layer = nn.Linear(1, 1, bias=False)
    w, v = float(layer.weight.detach()), 0.0
    config = replace(SGD, momentum=0.5, weight_decay=0.1)
    optimiser = build_optimiser(config, layer)
    for _ in range(3):
        optimiser.zero_grad()
        layer(torch.ones(1, 1)).square().sum().backward()
        optimiser.step()
        v = 0.5 * v + 2 * w + 0.1 * w
        w -= 0.1 * v
    assert float(layer.weight.detach()) == pytest.approx(w, rel=1e-5)


def test_the_cosine_falls_from_the_first_rate_to_nearly_zero() -> None:
    rates = [rate_at(SGD, step, 100) for step in range(100)]
    assert rates[0] == 0.1
    assert rates[50] == pytest.approx(0.05)
    assert 0 < rates[-1] < 1e-4
    assert all(a > b for a, b in pairwise(rates))
    assert rate_at(replace(SGD, schedule="constant"), 99, 100) == 0.1


def test_every_step_has_its_rate(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[float] = []

    class Spy(torch.optim.SGD):
        def step(self, closure: None = None) -> None:
            used.append(self.param_groups[0]["lr"])
            super().step(closure)

    monkeypatch.setattr(choices.torch.optim, "SGD", Spy)
    train(SGD, data)
    assert used == [rate_at(SGD, step, 10) for step in range(10)]


def test_the_loss_falls_with_sgd(data: Dataset) -> None:
    # group norm starts slowly, in the recorded runs as well
    for norm, part in (("batch", 0.85), ("group", 0.98)):
        row = train(replace(SGD, norm=norm, epochs=6), data)
        assert row["train_loss"][-1] < part * row["train_loss"][0]


def test_held_out_images_are_the_last_and_never_trained_on(data: Dataset) -> None:
    config = replace(SGD, validation_size=50)
    row = train(config, data)
    assert 0 <= row["validation_accuracy"] <= 1
    other = data.train_images.copy()
    other[-50:] = 255 - other[-50:]
    changed = train(config, replace(data, train_images=other))
    assert changed["train_loss"] == row["train_loss"]
    assert changed["test_loss"] == row["test_loss"]
    # and with fewer images to train on, it is the same images that are held out
    seen = []

    def spy(model: nn.Module, images: torch.Tensor, *rest: object) -> tuple[float, float]:
        seen.append(images.numpy())
        return 0.5, 1.0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "evaluate", spy)
        train(replace(config, train_size=64), data)
    np.testing.assert_array_equal(seen[0], data.test_images)
    np.testing.assert_array_equal(seen[1], data.train_images[-50:])


def test_without_held_out_images_there_is_no_validation(data: Dataset) -> None:
    assert train(SGD, data)["validation_accuracy"] is None


def test_held_out_images_are_not_there_to_train_on(data: Dataset) -> None:
    with pytest.raises(DataError) as error:
        train(replace(SGD, train_size=130, validation_size=50), data)
    assert str(error.value) == (
        "must hold: batch_size ≤ train_size ≤ 120, the number of training images; "
        "got: batch_size=32, train_size=130; try: a smaller batch_size or train_size"
    )
    with pytest.raises(DataError):
        train(replace(SGD, validation_size=170), data)


@pytest.mark.parametrize(
    ("norm", "losses", "test_loss"),
    [
        ("none", [2.32273, 2.309, 2.28362, 2.32377], 2.302978),
        ("batch", [2.47402, 2.41796, 2.16321, 2.03054], 2.305447),
    ],
)
def test_the_defaults_give_the_numbers_they_gave_before_there_were_choices(
    data: Dataset, norm: str, losses: list[float], test_loss: float
) -> None:
    # Written down with the code that recorded first-look. Another processor sums in another order.
    config = RunConfig(norm=norm, width=0.1, batch_size=32, epochs=2, log_every=3, dropout=0.3, seed=4)
    row = train(config, data, device="cpu")
    assert row["loss_curve"] == pytest.approx(losses, abs=2e-3)
    assert row["test_loss"] == pytest.approx(test_loss, abs=2e-3)


@pytest.mark.parametrize(
    ("name", "conv", "dense"),
    [
        # uniform ±√(6/(in + out)), normal with √(2/in); a 5×5 kernel of 32 maps has 800 inputs
        ("glorot", (2 / (25 * 32 + 25 * 64)) ** 0.5, (2 / (4096 + 1024)) ** 0.5),
        ("he", (2 / (25 * 32)) ** 0.5, (2 / 4096) ** 0.5),
    ],
)
def test_first_weights_are_spread_as_named_and_biases_are_0(name: str, conv: float, dense: float) -> None:
    torch.manual_seed(0)
    net = build_model(RunConfig(initialisation=name))
    assert isinstance(net, SeedCNN)
    assert net.features[4].weight.std().item() == pytest.approx(conv, rel=0.02)
    assert net.classifier[1].weight.std().item() == pytest.approx(dense, rel=0.02)
    assert all(not m.bias.any() for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear))


def test_an_initialisation_leaves_gamma_at_1_and_a_missing_bias_missing() -> None:
    net = build_model(RunConfig(norm="batch", placement="before", initialisation="he", width=0.1))
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    assert len(norms) == 3
    assert all(bool((m.weight == 1).all()) for m in norms)
    assert isinstance(net, SeedCNN)
    assert net.features[0].bias is None
