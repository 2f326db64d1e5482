"""Moments of each layer's output and of its gradient, read by hooks. Chapters: placement, small-batches."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from bncourse.errors import StateError

__all__ = ["Probe", "Reading"]

Layer = str | type[nn.Module]


@dataclass(frozen=True)
class Reading:
    """What one use of a layer gave: plain numbers, no tensor.

    layer:    the layer's name in the net, as in `named_modules()`
    what:     "activation", the layer's output, or "gradient", that of the loss with respect to it
    call:     which use of the layer it was, counted from 0; a gradient has the number of its activation
    training: whether the layer was in training mode
    mean, std: over all elements, std with 1/N; zeros: the fraction that is exactly 0

    >>> Reading("relu", "activation", 0, True, mean=0.5, std=1.0, zeros=0.25).layer
    'relu'
    """

    layer: str
    what: str
    call: int
    training: bool
    mean: float
    std: float
    zeros: float


class Probe:
    """Reads the layers of a net until `remove()`, or to the end of its `with` block.

    net:    any module; it computes the same with a probe as without
    layers: names or classes of layers, one or several; without it all layers that have no parts

    `readings` grows with every forward and every backward pass, in the order in which they ran: the
    gradients of one pass from the last layer to the first. No tensor and no graph is kept. A pass
    without gradients gives activations only, and after `remove()` a backward pass through an older graph
    gives nothing. Outputs that are not one tensor of floats are left out.

    Raises StateError for a name that the net does not have, and for a class of which it has no layer.

    >>> net = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    >>> with Probe(net, nn.ReLU) as probe:
    ...     net(torch.ones(2, 4)).sum().backward()
    >>> [(reading.layer, reading.what) for reading in probe.readings]
    [('1', 'activation'), ('1', 'gradient')]
    >>> probe.readings[1].mean  # of a sum, every derivative is 1
    1.0
    """

    def __init__(self, net: nn.Module, layers: Layer | Sequence[Layer] | None = None) -> None:
        self.readings: list[Reading] = []
        self._calls: Counter[str] = Counter()
        self._reads = True
        self._handles = [
            module.register_forward_hook(partial(self._after_forward, name))
            for name, module in _picked(net, layers)
        ]

    def __enter__(self) -> "Probe":
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()

    def remove(self) -> None:
        """Take all hooks off the net. Readings stay. A second call does nothing."""
        self._reads = False
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def clear(self) -> None:
        """Forget all readings and count uses from 0 again, as at the start of a training step."""
        self.readings.clear()
        self._calls.clear()

    def _after_forward(self, name: str, module: nn.Module, inputs: Any, output: Any) -> None:
        if not (isinstance(output, Tensor) and output.is_floating_point()):
            return
        call = self._calls[name]
        self._calls[name] += 1
        self._read(name, "activation", call, module.training, output)
        if output.requires_grad:
            # The hook lives in the graph and knows names and numbers only, so nothing keeps the graph.
            output.register_hook(partial(self._read, name, "gradient", call, module.training))

    def _read(self, name: str, what: str, call: int, training: bool, values: Tensor) -> None:
        if self._reads:
            self.readings.append(Reading(name, what, call, training, *_moments(values)))


@torch.no_grad()
def _moments(values: Tensor) -> tuple[float, float, float]:
    values = values.detach()
    # The square of a number of half precision is often none.
    wide = values if values.dtype in (torch.float32, torch.float64) else values.float()
    variance, mean = torch.var_mean(wide, correction=0)
    zeros = (values == 0).sum() / max(1, values.numel())
    return float(mean), float(variance.sqrt()), float(zeros)


def _picked(net: nn.Module, layers: Layer | Sequence[Layer] | None) -> Iterator[tuple[str, nn.Module]]:
    """Names and modules to read, in the net's order, each module once."""
    modules = dict(net.named_modules(remove_duplicate=False))
    if layers is None:
        chosen = {name for name, module in modules.items() if not any(module.children())}
    else:
        wanted = [layers] if isinstance(layers, str | type) else layers
        chosen = {name for layer in wanted for name in _matches(layer, modules)}
    seen = set()
    for name, module in modules.items():
        if name in chosen and module not in seen:
            seen.add(module)
            yield name, module


def _matches(layer: Layer, modules: dict[str, nn.Module]) -> list[str]:
    if isinstance(layer, str):
        names = [layer] if layer in modules else []
    else:
        names = [name for name, module in modules.items() if isinstance(module, layer)]
    if not names:
        known = ", ".join(name for name in list(modules)[:6] if name)
        raise StateError(
            "the net has the layers that are probed",
            got=repr(layer) if isinstance(layer, str) else layer.__name__,
            hint=f"names of net.named_modules(): {known}, …",
        )
    return names
