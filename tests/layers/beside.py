"""Ours beside PyTorch's: the same numbers go through both, and what comes out is compared."""

import pytest
import torch
from torch import nn

import bncourse.layers

# Of the largest number of each result. Half precisions differ in where they round.
TOLERANCE = {torch.float64: 1e-9, torch.float32: 2e-5, torch.bfloat16: 4e-2, torch.float16: 5e-3}


def copied(value):
    """Tensors inside lists and dicts as new leaves, so that neither side sees what the other does."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return type(value)(map(copied, value)) if type(value) in (list, tuple) else value


def tensors_in(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [tensor for item in value for tensor in tensors_in(item)]
    return [value] if isinstance(value, torch.Tensor) else []


def cotangent(y, seed=7):
    """Random, with a mean: one of ones would hide most mistakes (chapter gradient-checking)."""
    drawn = torch.randn(y.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (drawn + 0.5).to(y.dtype)


def assert_close(mine, theirs, tolerance, what=""):
    assert mine.shape == theirs.shape, what
    assert mine.dtype == theirs.dtype, what
    a, b = mine.detach().double(), theirs.detach().double()
    same = (a == b) | (a.isnan() & b.isnan())  # also infinities of one sign
    if not same.all():
        # At least 1: of a gradient that is nearly 0, as with two values a mean, only rounding is left.
        scale = max([1.0, *b[b.isfinite()].abs().tolist()])
        error = (a - b)[~same].abs().max().item() / scale
        assert error <= tolerance, f"{what}: {error:.2g} of the largest number"


def outcome(function, arguments, named, also=()):
    """What a call gives: output, all gradients it has, and the other tensors as they are after it."""
    y = function(*arguments, **named)
    tensors = [*tensors_in([list(arguments), named]), *also]
    wanted = [tensor for tensor in tensors if tensor.requires_grad]
    gradients = torch.autograd.grad(y, wanted, cotangent(y)) if wanted and y.requires_grad else ()
    return {"output": [y], "gradient": gradients, "other": [t for t in tensors if not t.requires_grad]}


def assert_same(mine, theirs, tolerance):
    for kind, results in theirs.items():
        for index, (a, b) in enumerate(zip(mine[kind], results, strict=True)):
            assert_close(a, b, tolerance, f"{kind} {index}")


def assert_refuse_alike(attempt, theirs, mine):
    """attempt(of) fails with one type and one text, whichever of the two it is given."""
    with pytest.raises(Exception) as expected:  # noqa: PT011  # the type is PyTorch's to choose
        attempt(theirs)
    with pytest.raises(expected.type) as found:
        attempt(mine)
    assert found.type is expected.type
    assert str(found.value) == str(expected.value)


def randomised(module, seed=3):
    """Parameters and running statistics that hide no term: all different, none of them 0 or 1."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in [*module.parameters(), *module.buffers()]:
            if tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape, generator=generator, dtype=torch.float64) + 0.5)
    return module


def pair(name, *arguments, **named):
    """PyTorch's module of that name, and ours with its state."""
    theirs = randomised(getattr(nn, name)(*arguments, **named))
    mine = getattr(bncourse.layers, name)(*arguments, **named)
    mine.load_state_dict(theirs.state_dict())
    return mine, theirs
