"""Compile or export layers and compare with the same run eagerly. A program of its own, since the checks of
shapes that go with a test run cannot be compiled: python compiled.py BACKEND NAME ...; a line for each case.

BACKEND is one of torch.compile, or "export" or "export-strict".
"""

import copy
import io
import sys
import warnings

import torch
from torch import nn

from bncourse import layers

CASES = {
    "batch": (lambda: layers.BatchNorm2d(4), (3, 4, 5, 6)),
    "average": (lambda: layers.BatchNorm2d(4, momentum=None), (3, 4, 5, 6)),
    "staged": (lambda: layers.BatchNorm2d(4, momentum=None, backward="staged"), (3, 4, 5, 6)),
    "batch1d": (lambda: layers.BatchNorm1d(4, affine=False), (3, 4)),
    "instance": (lambda: layers.InstanceNorm2d(4, affine=True, track_running_stats=True), (3, 4, 5, 6)),
    "group": (lambda: layers.GroupNorm(2, 4), (3, 4, 5, 6)),
    "layer": (lambda: layers.LayerNorm((5, 6)), (3, 4, 5, 6)),
    "rms": (lambda: layers.RMSNorm(6), (3, 4, 5, 6)),
}


def unused(module, name):
    """Instance norm never changes its count of batches, and a strict export leaves it out."""
    return name.endswith("num_batches_tracked") and module.get_buffer(name) == 0


def results(module, x):
    leaf = x.clone().requires_grad_()
    y = module(leaf)
    tensors = [leaf, *module.parameters()]
    dy = torch.randn(y.shape, generator=torch.Generator().manual_seed(1), dtype=y.dtype) + 0.5
    buffers = [value for name, value in sorted(module.named_buffers()) if not unused(module, name)]
    return [y, *torch.autograd.grad(y, tensors, dy), *(buffers if module.training else [])]


def exported(module, x, strict):
    """Through a file, with a batch of any size."""
    file = io.BytesIO()
    sizes = ({0: torch.export.Dim("N", min=2)},)
    torch.export.save(torch.export.export(module, (x,), dynamic_shapes=sizes, strict=strict), file)
    file.seek(0)
    program = torch.export.load(file).module()
    program.training = module.training
    return program


def check(name, backend, training):
    build, shape = CASES[name]
    torch.manual_seed(0)
    torch._dynamo.reset()
    eager = nn.Sequential(nn.Tanh(), build(), nn.Tanh()).double().train(training)
    other = copy.deepcopy(eager)
    x = torch.randn(shape, dtype=torch.float64)
    if backend.startswith("export"):
        other = exported(other, x, backend == "export-strict")
    else:
        other = torch.compile(other, backend=backend, fullgraph=True)
    for size in (3, 7) if backend.startswith("export") else (3, 3):
        x = torch.randn((size, *shape[1:]), dtype=torch.float64)
        for mine, theirs in zip(results(other, x), results(eager, x), strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-11)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    backend, *names = sys.argv[1:]
    for name in names or CASES:
        for training in (True, False):
            try:
                check(name, backend, training)
                print("good", name, training)
            except Exception as error:
                print("bad", name, training, f"{type(error).__name__}: {error}".replace("\n", " ")[:400])
