"""What is measured on the way: right by other means, and the training does not notice."""

import copy
import json
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bncourse.data import load
from bncourse.experiments import RunConfig, train
from bncourse.experiments.landscape import FACTORS, measure
from bncourse.models import SeedCNN

RATE = 0.3


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(16, 3, 32, 32, generator=generator), torch.arange(16) % 10


def gradients_of(net: nn.Module) -> list[torch.Tensor]:
    return [p.grad.clone() for p in net.parameters() if p.grad is not None]


def small(norm: str, **settings: object) -> SeedCNN:
    torch.manual_seed(0)
    return SeedCNN(norm, placement="before", width=0.1, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("norm", ["none", "batch", "batch-noisy"])
def test_the_net_and_the_random_numbers_stay_as_they_were(
    norm: str, batch: tuple[torch.Tensor, torch.Tensor]
) -> None:
    net = small(norm, dropout=0.3)
    F.cross_entropy(net(batch[0]), batch[1]).backward()
    before = copy.deepcopy(net.state_dict())
    gradients = gradients_of(net)
    state = torch.get_rng_state()
    found = measure(net, *batch, RATE)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert all(torch.equal(a, b) for a, b in zip(gradients_of(net), gradients, strict=True))
    assert torch.equal(torch.get_rng_state(), state)
    assert net.training


def test_a_run_that_is_measured_is_the_same_run() -> None:
    data = load("shapes", train=64, test=20)
    config = RunConfig(norm="batch-noisy", width=0.1, batch_size=16, epochs=1, optimiser="sgd", dropout=0.3)
    plain = train(config, data, device="cpu")
    measured = train(replace(config, measure_every=3), data, device="cpu")
    assert [m["step"] for m in measured["measurements"]] == [0, 3]
    assert measured["train_loss"] == plain["train_loss"]
    assert measured["test_loss"] == plain["test_loss"]


def test_losses_and_gradients_ahead_are_those_of_a_step_really_made(
    batch: tuple[torch.Tensor, torch.Tensor],
) -> None:
    net = small("batch").double()
    x, target = batch[0].double(), batch[1]
    found = measure(net, x, target, RATE)
    for factor, loss, change in zip(FACTORS, found["losses"], found["changes"], strict=True):
        moved = copy.deepcopy(net)
        optimiser = torch.optim.SGD(moved.parameters(), lr=RATE * factor)
        F.cross_entropy(moved(x), target).backward()
        first = gradients_of(moved)
        optimiser.step()
        optimiser.zero_grad()
        value = F.cross_entropy(moved(x), target)
        value.backward()
        squares = sum(float(((a - b) ** 2).sum()) for a, b in zip(gradients_of(moved), first, strict=True))
        assert loss == pytest.approx(value.item(), rel=1e-4)
        assert change == pytest.approx(squares**0.5, rel=1e-4)
    distances = [size * found["gradient"] for size in found["step_sizes"]]
    ratios = [c / d for c, d in zip(found["changes"], distances, strict=True)]
    assert found["smoothness"] == pytest.approx(max(ratios), rel=1e-4)


def test_shift_of_a_layer_is_what_the_layers_before_it_do_and_no_other() -> None:
    torch.manual_seed(1)
    dense = (nn.Linear(12, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3))
    net = nn.Sequential(nn.Flatten(), *dense).double()
    x, target = torch.randn(10, 3, 2, 2, dtype=torch.float64), torch.arange(10) % 3
    first, last = measure(net, x, target, RATE)["layers"]
    assert (first["normed"], last["normed"]) == (True, False)
    assert (first["change"], first["drift"], first["change_cosine"]) == (0.0, 0.0, 1.0)
    F.cross_entropy(net(x), target).backward()
    into = net[:4](x).detach()
    moved = copy.deepcopy(net)
    with torch.no_grad():
        for layer in (1, 2):  # all but the last
            for p, g in zip(moved[layer].parameters(), gradients_of(net[layer]), strict=True):
                p.sub_(RATE * g)
    moved.zero_grad()
    F.cross_entropy(moved(x), target).backward()
    new, old = gradients_of(moved[4])[0], gradients_of(net[4])[0]
    way = (moved[:4](x).detach().mean(0) - into.mean(0)).pow(2).mean().sqrt()
    shift = way / into.var(0, correction=0).mean().sqrt()
    assert last["change"] == pytest.approx(float((new - old).norm()), rel=1e-4)
    assert last["change_cosine"] == pytest.approx(
        float(F.cosine_similarity(new.flatten(), old.flatten(), 0)), rel=1e-4
    )
    assert last["drift"] == pytest.approx(float(shift), rel=1e-4)


def test_noise_before_a_layer_is_drawn_anew_and_behind_it_is_the_same(
    batch: tuple[torch.Tensor, torch.Tensor],
) -> None:
    plain, noisy = (measure(small(norm), *batch, 1e-9)["layers"] for norm in ("batch", "batch-noisy"))
    # So small a step moves nothing: what is left is the noise.
    assert noisy[0]["change"] == 0.0
    assert all(layer["drift"] > 0.2 for layer in noisy[1:])
    assert all(layer["drift"] < 1e-5 for layer in plain)


def test_weights_before_a_norm_are_at_a_right_angle_to_their_gradient(
    batch: tuple[torch.Tensor, torch.Tensor],
) -> None:
    layers = measure(small("batch").double(), batch[0].double(), batch[1], RATE)["layers"]
    assert [layer["normed"] for layer in layers] == [True, True, True, False]
    # Not 0: eps stands beside the variance.
    assert all(abs(layer["cosine"]) < 1e-3 for layer in layers[:-1])
    assert abs(layers[-1]["cosine"]) > 1e-2


def test_what_is_not_finite_becomes_none(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    found = measure(small("none"), *batch, 1e30)
    assert found["losses"][0] is None
    assert found["smoothness"] is None
    json.dumps(found, allow_nan=False)
