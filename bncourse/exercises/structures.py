"""Nets for the checks of how a net is put together, and outlines of what comes back.

Chapters: placement, twelve-configurations.

PyTorch is loaded when a check is called, not before. Layers and optimiser groups are not compared by
numbers but by an outline, a short text: see `bncourse.mistakes.structure`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from bncourse.errors import StateError
from bncourse.exercises.contract import Answer
from bncourse.exercises.probes import Probe
from bncourse.mistakes.structure import outline_block, outline_groups

__all__ = ["STRUCTURE_EXAMPLES", "STRUCTURE_PROBES", "flat_block", "flat_groups"]

Rng = np.random.Generator


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise StateError(
            "PyTorch is there for the checks of param_groups and block_order",
            got="no module torch",
            hint='pip install "bncourse[torch]"',
        ) from error
    return torch


def _models(widths: tuple[int, int, int]) -> list[Any]:
    """Nets with every kind of parameter: layers with and without bias, norms of maps and of features."""
    torch = _torch()
    nn, (a, b, c) = torch.nn, widths
    with torch.random.fork_rng():  # the reader's random numbers go on as if nothing had been drawn
        return [
            nn.Sequential(nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU(), nn.Linear(b, c)),
            nn.Sequential(
                nn.Sequential(nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU()),
                nn.Sequential(nn.Conv2d(b, c, 3, padding=1, bias=False), nn.BatchNorm2d(c), nn.ReLU()),
                nn.Flatten(),
                nn.Linear(c, 2),
            ),
            nn.Sequential(nn.Conv2d(a, b, 1), nn.ReLU(), nn.BatchNorm2d(b), nn.Linear(c, a, bias=False)),
        ]


def _groups_probes(rng: Rng) -> list[Probe]:
    one, two, three = (int(size) for size in rng.permutation([2, 3, 4, 5])[:3])
    decays = rng.permutation([0.01, 0.0005, 0.1])
    return [
        Probe((model, float(decay))) for model, decay in zip(_models((one, two, three)), decays, strict=True)
    ]


def _block_probes(rng: Rng) -> list[Probe]:
    _torch()
    c_in, c_out = (int(size) for size in rng.permutation([3, 4, 5, 6])[:2])
    return [Probe((c_in, c_out)), Probe((c_out, 2 * c_in)), Probe((c_in, c_in))]


STRUCTURE_PROBES: dict[str, Callable[[Rng], list[Probe]]] = {
    "param_groups": _groups_probes,
    "block_order": _block_probes,
}
STRUCTURE_EXAMPLES: dict[str, Callable[[], list[Probe]]] = {
    "param_groups": lambda: [Probe((_models((2, 3, 1))[0], 0.01))],
    "block_order": lambda: [Probe((3, 8))],
}


def _other(name: str, kind: str, got: Any) -> Answer:
    expected = (("expected", f"{name} ({kind})"), ("got", type(got).__name__))
    return Answer(None, problem="contract.outputs", params=expected)


def flat_groups(value: Any, given: tuple[Any, ...]) -> Any:
    """Optimiser groups as the outline of what each parameter of the model gets, or an Answer.

    A list, a tuple or a generator of dictionaries, as an optimiser takes.

    >>> flat_groups([3], (None, 0.1)).params
    (('expected', 'groups (list of dict)'), ('got', 'list'))
    """
    groups = value
    if isinstance(value, tuple) and value and not isinstance(value[0], dict):
        groups = value[0]  # groups of (groups, anything)
    try:
        groups = list(groups)
    except TypeError:
        return _other("groups", "list of dict", value)
    if not all(isinstance(group, dict) and "params" in group for group in groups):
        return _other("groups", "list of dict", value)
    return np.array("\n".join(outline_groups(given[0], groups)))


def flat_block(value: Any, given: tuple[Any, ...]) -> Any:
    """A block as its outline, or an Answer when it is no torch.nn.Sequential.

    >>> flat_block([3], (3, 8)).params
    (('expected', 'block (torch.nn.Sequential)'), ('got', 'list'))
    """
    block = value[0] if isinstance(value, tuple) and value else value
    if not isinstance(block, _torch().nn.Sequential):
        return _other("block", "torch.nn.Sequential", value)
    return np.array("\n".join(outline_block(block)))
