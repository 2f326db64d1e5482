"""Loss and gradient a few steps ahead, the shift inside the net, the weights' norms. Chapter: why-it-works.

All on one batch, at one moment of training, and with plain gradient steps −rate · g: what SGD without
momentum is about to do.
Letters: w the parameters, g the gradient of the loss, η a step size, N images of a batch.
"""

import copy
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["FACTORS", "measure"]

# How far along the gradient, in steps of the learning rate.
FACTORS = (0.5, 1.0, 2.0, 4.0)


def measure(
    model: nn.Module, x: Float[Tensor, "N 3 H W"], target: Int64[Tensor, "N"], rate: float
) -> dict[str, Any]:
    """What explanations of batch norm speak about; numbers that JSON can hold, rounded to five digits.

    A copy of `model` is measured, in the mode `model` is in; `model`, its gradients and buffers and PyTorch's
    random numbers stay as they were. What is not finite becomes None.

    loss, gradient:   the loss of the batch and ‖g‖, over all parameters
    step_sizes:       η = rate · FACTORS
    losses, changes:  at w − η g the loss, and ‖g(w) − g(w − η g)‖, "gradient predictiveness"
    smoothness:       the largest change over the distance η ‖g‖, "effective β-smoothness"
    layers:           for every layer with a weight matrix, in the order of their use:
      layer, normed:    its name, and whether the very next layer is a norm
      weight, gradient, cosine: ‖W‖, ‖G‖ and the cosine of the angle between the two
      change, change_cosine: ‖G − G'‖, and the cosine between them. G' is the gradient of the same weights
                        once all layers before it have made their step: "internal covariate shift"
      drift:            how far the means of the layer's input moved by those steps, in standard deviations of
                        that input: root mean square over its channels (features, in a dense layer)

    Random numbers of a net (dropout, noise) are the same at all η. For G' and the drift they are drawn anew
    before the layer, as they will be at the next step, and are the same from the layer on.

    Source: Santurkar et al. 2018 (arXiv 1805.11604), definition 2.1 and section 3.1; drift is our addition.

    >>> net = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 2))
    >>> found = measure(net, torch.randn(8, 3, 4, 4), torch.zeros(8, dtype=torch.long), rate=0.1)
    >>> found["step_sizes"]
    [0.05, 0.1, 0.2, 0.4]
    >>> [(layer["layer"], layer["normed"]) for layer in found["layers"]]
    [('0', True), ('3', False)]
    >>> found["layers"][0]["change"], abs(found["layers"][0]["cosine"]) < 1e-3
    (0.0, True)
    """
    net = copy.deepcopy(getattr(model, "_orig_mod", model))  # a compiled net is a wrapper
    with torch.random.fork_rng([x.device] if x.device.type == "cuda" else []):
        start = _random_state(x.device)
        with _watch(net) as uses:
            loss = F.cross_entropy(net(x), target)
        parameters = list(net.parameters())
        gradients = torch.autograd.grad(loss, parameters)
        here = [p.detach().clone() for p in parameters]
        ahead = _ahead(net, x, target, rate, here, gradients, start)
        layers = _layers(net, x, target, rate, uses, dict(zip(parameters, gradients, strict=True)))
    found = {"loss": loss.item(), "gradient": _norm(gradients), **ahead, "layers": layers}
    rounded: dict[str, Any] = _rounded(found)
    return rounded


@dataclass
class _Use:
    """The first use of a layer without parts: what it was given, and the random state it met."""

    name: str
    module: nn.Module
    state: Tensor
    mean: Tensor = field(default_factory=lambda: torch.zeros(0))  # of each channel of the input
    variance: Tensor = field(default_factory=lambda: torch.zeros(0))


@contextmanager
def _watch(net: nn.Module) -> Iterator[list[_Use]]:
    """Note the uses of layers, in their order, while the block runs."""
    uses: list[_Use] = []

    def note(name: str, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if all(use.module is not module for use in uses):
            uses.append(_Use(name, module, _random_state(inputs[0].device), *_moments(inputs[0])))

    handles = [
        module.register_forward_pre_hook(lambda module, inputs, name=name: note(name, module, inputs))
        for name, module in net.named_modules()
        if not any(module.children())
    ]
    try:
        yield uses
    finally:
        for handle in handles:
            handle.remove()


def _ahead(
    net: nn.Module,
    x: Tensor,
    target: Tensor,
    rate: float,
    here: list[Tensor],
    gradients: tuple[Tensor, ...],
    start: Tensor,
) -> dict[str, Any]:
    """Loss and gradient at w − η g for each η. The net is back at w afterwards."""
    parameters = list(net.parameters())
    sizes = [rate * factor for factor in FACTORS]
    losses, changes = [], []
    for size in sizes:
        _place(parameters, [w - size * g for w, g in zip(here, gradients, strict=True)])
        _set_random_state(start, x.device)
        loss = F.cross_entropy(net(x), target)
        there = torch.autograd.grad(loss, parameters)
        losses.append(loss.item())
        changes.append(_norm([a - b for a, b in zip(gradients, there, strict=True)]))
    _place(parameters, here)
    length = _norm(gradients)
    ratios = [
        change / (size * length) if length else 0.0 for change, size in zip(changes, sizes, strict=True)
    ]
    finite = all(map(math.isfinite, ratios))
    return {
        "step_sizes": sizes,
        "losses": losses,
        "changes": changes,
        "smoothness": max(ratios) if finite else math.nan,  # max() passes over a NaN
    }


def _layers(
    net: nn.Module,
    x: Tensor,
    target: Tensor,
    rate: float,
    uses: list[_Use],
    gradients: Mapping[Tensor, Tensor],
) -> list[dict[str, Any]]:
    """Each layer's weights, and its shift once the layers before it have moved. Leaves the net moved."""
    found = []
    for at, use in enumerate(uses):
        weight = getattr(use.module, "weight", None)
        if weight is not None and weight.ndim > 1:
            shifted, drift = _shifted(net, x, target, use)
            before = gradients[weight]
            found.append(
                {
                    "layer": use.name,
                    "normed": "Norm" in type(uses[at + 1].module).__name__ if at + 1 < len(uses) else False,
                    "weight": _norm([weight]),
                    "gradient": _norm([before]),
                    "cosine": _cosine(weight, before),
                    "change": _norm([before - shifted]),
                    "change_cosine": _cosine(before, shifted),
                    "drift": drift,
                }
            )
        own = list(use.module.parameters(recurse=False))
        _place(own, [p.detach() - rate * gradients[p] for p in own])
    return found


def _shifted(net: nn.Module, x: Tensor, target: Tensor, old: _Use) -> tuple[Tensor, float]:
    """The gradient of a layer's weights as the net is now, and how far the layer's input has moved.

    Every pass ends in the random state in which the first one ended. So the draws in front of the layer are
    new, and the same for all layers.
    """

    def as_before(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        _set_random_state(old.state, x.device)

    handle = old.module.register_forward_pre_hook(as_before)
    try:
        with _watch(net) as uses:
            loss = F.cross_entropy(net(x), target)
    finally:
        handle.remove()
    weight = old.module.weight
    assert isinstance(weight, Tensor)
    gradient = torch.autograd.grad(loss, weight)[0]
    new = next(use for use in uses if use.module is old.module)
    # One quotient for the layer: a dead channel has no standard deviation of its own.
    drift = float(((new.mean - old.mean) ** 2).mean().sqrt() / old.variance.mean().sqrt())
    return gradient, drift


@torch.no_grad()
def _place(parameters: list[nn.Parameter], values: list[Tensor]) -> None:
    for parameter, value in zip(parameters, values, strict=True):
        parameter.copy_(value)


@torch.no_grad()
def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    axes = [axis for axis in range(x.ndim) if axis != 1]
    variance, mean = torch.var_mean(x.detach(), dim=axes, correction=0)
    return mean, variance


@torch.no_grad()
def _norm(tensors: Any) -> float:
    return math.sqrt(sum(float((t.double() ** 2).sum()) for t in tensors))


@torch.no_grad()
def _cosine(a: Tensor, b: Tensor) -> float:
    lengths = _norm([a]) * _norm([b])
    return float((a.double() * b.double()).sum()) / lengths if lengths else math.nan


def _random_state(device: torch.device) -> Tensor:
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def _set_random_state(state: Tensor, device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    else:
        torch.set_rng_state(state)


def _rounded(value: Any) -> Any:
    """Five significant digits; None where JSON has no number."""
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    if isinstance(value, float):
        return float(f"{value:.5g}") if math.isfinite(value) else None
    return value
