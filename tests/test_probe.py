"""The probe reads right numbers of the right layers, changes nothing, and keeps nothing alive."""

import copy
import gc
import math
import weakref
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

from bncourse.errors import StateError
from bncourse.models import SeedCNN, SmallResNet
from bncourse.probe import Probe, Reading


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 5))


def pictures() -> Tensor:
    return torch.randn(6, 3, 8, 8)


def check(reading: Reading, values: Tensor) -> None:
    assert reading.mean == pytest.approx(float(values.mean()), abs=1e-6)
    assert reading.std == pytest.approx(float(values.std(correction=0)), rel=1e-5, abs=1e-9)
    assert reading.zeros == float((values == 0).float().mean())


def test_the_numbers_are_those_of_outputs_and_of_their_gradients() -> None:
    model, x, outputs = net(), pictures(), []
    with Probe(model) as probe:
        model(x).square().sum().backward()
    y = x
    for layer in model:
        y = layer(y)
        y.retain_grad()
        outputs.append(y)
    y.square().sum().backward()
    activations, gradients = probe.readings[:5], probe.readings[5:]
    assert [(r.layer, r.what) for r in activations] == [(str(i), "activation") for i in range(5)]
    assert [(r.layer, r.what) for r in gradients] == [(str(i), "gradient") for i in reversed(range(5))]
    for reading, output in zip(activations, outputs, strict=True):
        check(reading, output.detach())
    for reading, output in zip(gradients, reversed(outputs), strict=True):
        check(reading, output.grad)
    assert 0.3 < activations[2].zeros < 0.7
    assert all(type(value) is float for value in (reading.mean, reading.std, reading.zeros))


def test_a_probed_net_computes_the_same() -> None:
    x, results = pictures(), []
    for probed in (True, False):
        model = SmallResNet("batch", width=0.5)
        model.load_state_dict(results[0][2] if results else model.state_dict())
        start = copy.deepcopy(model.state_dict())
        if probed:
            Probe(model)
        y = model(nn.functional.pad(x, (12, 12, 12, 12)))
        y.square().sum().backward()
        results.append((y, [p.grad for p in model.parameters()], start, dict(model.named_buffers())))
    (y, grads, _, buffers), (y2, grads2, _, buffers2) = results
    assert torch.equal(y, y2)
    assert all(torch.equal(a, b) for a, b in zip(grads, grads2, strict=True))
    assert all(torch.equal(value, buffers2[name]) for name, value in buffers.items())


@pytest.mark.parametrize(
    ("layers", "names"),
    [
        (None, ["0", "1", "2", "3", "4"]),
        ("1", ["1"]),
        (["4", "0"], ["0", "4"]),
        (nn.ReLU, ["2"]),
        ([nn.modules.batchnorm._BatchNorm, "4"], ["1", "4"]),
    ],
)
def test_layers_are_picked_by_name_or_class(layers: object, names: list[str]) -> None:
    model = net()
    with Probe(model, layers) as probe:  # type: ignore[arg-type]
        model(pictures())
    assert [r.layer for r in probe.readings] == names


def test_a_block_may_be_read_as_a_whole() -> None:
    model = SmallResNet("group", width=0.5)
    with Probe(model, ["stages.1", "stages.1.norm1"]) as probe:
        model(torch.randn(2, 3, 32, 32)).sum().backward()
    assert [(r.layer, r.what[0]) for r in probe.readings] == [
        ("stages.1.norm1", "a"),
        ("stages.1", "a"),
        ("stages.1", "g"),
        ("stages.1.norm1", "g"),
    ]


def test_a_layer_used_twice_is_read_twice_and_gradients_know_which() -> None:
    relu = nn.ReLU()
    model = nn.Sequential(nn.Linear(3, 3), relu, nn.Linear(3, 3), relu)
    with Probe(model, nn.ReLU) as probe:
        model(torch.randn(4, 3)).sum().backward()
    assert [(r.layer, r.what, r.call) for r in probe.readings] == [
        ("1", "activation", 0),
        ("1", "activation", 1),
        ("1", "gradient", 1),
        ("1", "gradient", 0),
    ]
    assert probe.readings[2].mean == 1  # the last thing before the sum


def test_clear_starts_anew() -> None:
    model = net()
    with Probe(model, "0") as probe:
        model(pictures())
        probe.clear()
        assert probe.readings == []
        model(pictures())
    assert [r.call for r in probe.readings] == [0]


def test_in_inference_mode_there_are_activations_only() -> None:
    model = net().eval()
    with Probe(model) as probe:
        with torch.no_grad():
            model(pictures())
        with torch.inference_mode():
            model(pictures())
    assert {r.what for r in probe.readings} == {"activation"}
    assert len(probe.readings) == 10
    assert not any(r.training for r in probe.readings)
    with Probe(model.train(), "1") as probe:
        model(pictures()).sum().backward()
    assert [r.training for r in probe.readings] == [True, True]


def test_removed_it_is_gone_even_from_a_graph_of_before() -> None:
    model = net()
    probe = Probe(model)
    y = model(pictures())
    probe.remove()
    probe.remove()
    assert not any(m._forward_hooks for m in model.modules())
    y.sum().backward()
    model(pictures())
    assert len(probe.readings) == 5
    assert {r.what for r in probe.readings} == {"activation"}


def test_an_error_inside_the_block_removes_the_hooks() -> None:
    model = net()
    with pytest.raises(RuntimeError), Probe(model):
        model(torch.randn(2, 7, 8, 8))
    assert not any(m._forward_hooks for m in model.modules())


class Square(torch.autograd.Function):
    """x² that tells when the graph lets go of what it saved."""

    seen: ClassVar[list[weakref.ref[Tensor]]] = []

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.kept = x.clone()
        Square.seen.append(weakref.ref(ctx.kept))
        return x * x

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> Tensor:
        return 2 * ctx.kept * dy


class SquareLayer(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return Square.apply(x)


def test_no_output_and_no_graph_is_kept() -> None:
    model = net().insert(3, SquareLayer())
    outputs: list[weakref.ref[Tensor]] = []
    for layer in model:
        layer.register_forward_hook(lambda module, inputs, output: outputs.append(weakref.ref(output)))
    probe = Probe(model)
    gc.disable()  # nothing may wait for the collector either: a step's memory has to go at once
    try:
        y = model(pictures())
        assert Square.seen[-1]() is not None  # the graph is there, and so is what it saved
        del y
        assert [output() for output in outputs] == [None] * 6
        assert Square.seen[-1]() is None
    finally:
        gc.enable()
    assert len(probe.readings) == 6


def test_no_tensors_pile_up_over_many_steps() -> None:
    model = net()
    with Probe(model) as probe:
        alive = []
        for _ in range(6):
            model(pictures()).sum().backward()
            gc.collect()
            alive.append(sum(issubclass(type(thing), Tensor) for thing in gc.get_objects()))
        assert len(set(alive[1:])) == 1
        assert len(probe.readings) == 6 * 10


def test_a_forgotten_probe_keeps_no_net() -> None:
    model = net()
    probe, gone = Probe(model), weakref.ref(model)
    model(pictures()).sum().backward()
    del model
    gc.collect()
    assert gone() is None
    assert len(probe.readings) == 10


def test_half_precision_does_not_overflow() -> None:
    with Probe(model := nn.Identity()) as probe:
        model(torch.tensor([[300.0], [-300.0]], dtype=torch.float16).expand(2, 300))
    assert (probe.readings[0].mean, probe.readings[0].std) == pytest.approx(
        (0, 300), abs=1e-6
    )  # 300² is no float16


def test_in_place_relus_are_read_right() -> None:
    grads = []
    for inplace in (False, True):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(inplace=inplace))
        with Probe(model) as probe:
            model(torch.linspace(-1, 1, 12).view(4, 3)).square().sum().backward()
        grads.append(probe.readings)
    assert grads[0] == grads[1]


def test_what_is_not_one_tensor_of_floats_is_left_out() -> None:
    class Odd(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x, x

    class Index(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.argmax(dim=1)

    with Probe(model := nn.ModuleList([Odd(), Index()])) as probe:
        for part in model:
            part(torch.randn(2, 3))
    assert probe.readings == []


def test_not_finite_numbers_are_told() -> None:
    with Probe(model := nn.ReLU()) as probe:
        model(torch.tensor([1.0, math.nan]))
    assert math.isnan(probe.readings[0].mean)


def test_unknown_layers_are_refused_and_leave_no_hook() -> None:
    model = SeedCNN("none", width=0.1)
    with pytest.raises(StateError) as name:
        Probe(model, ["features.0", "feature.1"])
    assert str(name.value) == (
        "must hold: the net has the layers that are probed; got: 'feature.1'; "
        "try: names of net.named_modules(): features, features.0, features.1, features.2, features.3, …"
    )
    with pytest.raises(StateError, match="got: BatchNorm2d; try"):
        Probe(model, nn.BatchNorm2d)
    assert not any(m._forward_hooks for m in model.modules())
