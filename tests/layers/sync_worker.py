"""What one of two workers does for test_sync_layer.py: every case on its own part, and the results saved."""

import faulthandler
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from bncourse.layers import SyncBatchNorm1d, SyncBatchNorm2d, SyncBatchNorm3d, synchronise

C = 3
KINDS = {"1d": SyncBatchNorm1d, "2d": SyncBatchNorm2d, "3d": SyncBatchNorm3d}
# Examples of the two workers, spatial axes, dtype of x, offset of x, and arguments of the norm.
CASES = {
    "dense": ("1d", (5, 2), (), torch.float64, 0, {}),
    "signal": ("1d", (1, 4), (5,), torch.float64, 2, {"momentum": None}),
    "maps": ("2d", (3, 2), (4, 5), torch.float64, 0, {"momentum": 0.3, "eps": 0.05}),
    "volumes": ("3d", (2, 3), (2, 3, 2), torch.float64, 0, {"affine": False}),
    "one-each": ("1d", (1, 1), (), torch.float64, 0, {}),
    "one-empty": ("1d", (4, 0), (), torch.float64, 0, {}),
    "untracked": ("2d", (3, 2), (2, 2), torch.float64, 0, {"track_running_stats": False}),
    "far-away": ("1d", (60, 40), (), torch.float32, 4096, {}),
    "bfloat16": ("2d", (3, 2), (4, 4), torch.bfloat16, 0, {}),
}
STEPS = 2


def draw(name):
    """For each step the batches and cotangents of both workers, whose means and spreads are far apart."""
    _, sizes, spatial, dtype, offset, _ = CASES[name]
    generator = torch.Generator().manual_seed(len(name))
    steps = []
    for _ in range(STEPS):
        drawn = [torch.randn((N, C, *spatial), generator=generator, dtype=torch.float64) for N in sizes * 2]
        xs = [(offset + 3 * w + (1 + 2 * w) * drawn[w]).to(dtype) for w in range(2)]
        steps.append((xs, [(drawn[2 + w] + 0.5).to(dtype) for w in range(2)]))
    return steps


def norm_of(kind, name, **more):
    """A norm of that class with gamma, one of them negative, and beta that are not 1 and 0."""
    *_, dtype, _, named = CASES[name]
    layer = kind(C, **named, **more).to(torch.float32 if dtype == torch.bfloat16 else dtype)
    if layer.affine:
        with torch.no_grad():
            layer.weight.copy_(torch.tensor([1.5, -0.7, 0.4]))
            layer.bias.copy_(torch.tensor([0.3, 0.0, -2.0]))
    return layer


def in_and_out(layer, x, dy):
    x = x.clone().requires_grad_()
    y = layer(x)
    gradients = torch.autograd.grad(y, [x, *layer.parameters()], dy)
    return {"y": y.detach(), "dx": gradients[0], "rows": list(gradients[1:])}


def run_case(name, rank):
    layer = norm_of(KINDS[CASES[name][0]], name)
    steps = [in_and_out(layer, xs[rank], dys[rank]) for xs, dys in draw(name)]
    return {"steps": steps, "buffers": {key: value.clone() for key, value in layer.named_buffers()}}


def laid_out(rank):
    """Channels last in memory, dy in the usual order."""
    (xs, dys), *_ = draw("maps")
    layer = norm_of(SyncBatchNorm2d, "maps")
    x = xs[rank].to(memory_format=torch.channels_last)
    result = in_and_out(layer, x, dys[rank])
    result["last"] = [result[key].is_contiguous(memory_format=torch.channels_last) for key in ("y", "dx")]
    return result


def alone(rank):
    """A group of its own for every worker: plain batch norm, and nobody waits."""
    groups = [dist.new_group([0]), dist.new_group([1])]
    (xs, dys), *_ = draw("maps")
    layer = synchronise(nn.BatchNorm2d(C).double(), groups[rank])
    return in_and_out(layer, xs[rank], dys[rank])


def in_use(rank):
    """Evaluated on the first worker only: it must not wait for the other."""
    layer = norm_of(SyncBatchNorm1d, "dense").eval()
    return layer(draw("dense")[0][0][0]).detach() if rank == 0 else None


def descend(net, x):
    """A step by hand: torch.optim takes seconds to load."""
    net.zero_grad()
    net(x).square().mean().backward()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter -= 0.5 * parameter.grad


def trained(rank):
    """A small net under DistributedDataParallel, on the worker's half of each batch."""
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 2)).double()
    net = DistributedDataParallel(synchronise(plain))
    for x in torch.randn(5, 8, 4, dtype=torch.float64):
        descend(net, x[4 * rank : 4 * rank + 4])
    return dict(net.module.state_dict())


def refusals(rank):
    """The texts of errors that every worker meets alike, and the gradient of a gradient."""
    texts = {}
    layer = norm_of(SyncBatchNorm1d, "dense")
    for name, size in {"one": 1 - rank, "axes": 2}.items():
        shape = (size, C) if name == "one" else (size, C, 1, 1)
        try:
            layer(torch.ones(shape, dtype=torch.float64))
        except ValueError as error:
            texts[name] = f"{type(error).__name__}: {error}"
    x = torch.randn(4, C, dtype=torch.float64, requires_grad=True)
    (dx,) = torch.autograd.grad(layer(x).square().sum(), x, create_graph=True)
    try:
        dx.sum().backward()
    except RuntimeError as error:
        texts["twice"] = str(error)
    before = layer.running_mean.clone()
    layer(torch.ones(0, C, dtype=torch.float64))
    texts["empty leaves no trace"] = torch.equal(before, layer.running_mean)
    return texts


def main():
    faulthandler.dump_traceback_later(180, exit=True)  # whatever happens, no worker outlives its test
    dist.init_process_group("gloo")
    rank = dist.get_rank()
    results = {name: run_case(name, rank) for name in CASES}
    results |= {f.__name__: f(rank) for f in (laid_out, alone, in_use, trained, refusals)}
    torch.save(results, Path(sys.argv[1]) / f"{rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
