"""The numbers in the messages about folding, merging, workers, differences and structure are computed."""

import numpy as np
import pytest
import torch
from test_messages import messages
from torch import nn

from bncourse import batchnorm_forward, mistakes
from bncourse.reference.sync import syncbn_forward

RNG = np.random.default_rng(0)


def both(code, *arguments, **settings):
    """The answers of the twin and of the right function."""
    found = mistakes.find(code)
    with np.errstate(all="ignore"):
        return found.fn(*arguments, **settings), mistakes.right(found.subject)(*arguments, **settings)


def one(value):
    return np.array([float(value)])


def folded(code, b=0.0, gamma=1.0, beta=0.0, mean=0.0, std=1.0, eps=1e-12):
    """Weight and bias of one channel, from the twin and from the right function."""
    rows = [None if b is None else one(b), *map(one, (gamma, beta, mean, std**2))]
    return both(code, np.ones((1, 1)), *rows, eps=eps)


def weight_ratio(code, **settings):
    (twin, _), (right, _) = folded(code, **settings)
    return (twin / right).item()


def bias(code, **settings):
    return folded(code, **settings)[0][1].item()


def too_high(code, **settings):
    (_, twin), (_, right) = folded(code, **settings)
    return (twin - right).item()


def out(code, mean, **settings):
    """The mean of a folded channel whose layer puts out this mean."""
    (W, b), _ = folded(code, mean=mean, **settings)
    return (W * mean + b).item()


def bias_moves(code, **by):
    """How far the folded bias moves with each argument, from a fixed start."""
    start = {"b": 2.0, "gamma": 3.0, "beta": 1.0, "mean": 4.0, "std": 5.0}
    return [
        bias(code, **(start | {name: start[name] + step})) - bias(code, **start) for name, step in by.items()
    ]


FOLDING = [
    ("bias-forgotten", "6 too low", lambda code: too_high(code, b=2, gamma=3), -6),
    ("bias-forgotten", "should differ", lambda code: bias(code, b=2) - bias(code, b=None), 0),
    ("bias-unscaled", "arrives as 2", lambda code: bias(code, b=2, gamma=3), 2),
    ("bias-unscaled", "rise by gamma divided by std", lambda code: bias_moves(code, b=1), 1),
    ("bias-kept", "keeps the mean 100", lambda code: out(code, 100), 100),
    ("bias-kept", "change with both", lambda code: bias_moves(code, mean=1, beta=1), 0),
    ("mean-forgotten", "100 too high", lambda code: too_high(code, mean=100), 100),
    ("mean-forgotten", "should be beta", lambda code: bias(code, b=7, mean=7, beta=2), 9),
    ("mean-unscaled", "is −100", lambda code: bias(code, mean=100, std=10), -100),
    ("mean-unscaled", "fall by gamma divided by std", lambda code: bias_moves(code, mean=1), -1),
    ("mean-sign", "with mean 200", lambda code: out(code, 100), 200),
    ("mean-sign", "should be beta", lambda code: bias(code, b=7, mean=7, beta=2), 16),
    ("beta-forgotten", "2 too low", lambda code: too_high(code, beta=2), -2),
    ("beta-forgotten", "rise by 1", lambda code: bias_moves(code, beta=1), 0),
    ("beta-sign", "4 too low", lambda code: too_high(code, beta=2), -4),
    ("beta-sign", "and not fall", lambda code: bias_moves(code, beta=1), -1),
    ("beta-scaled", "arrives as 0.2", lambda code: bias(code, beta=2, std=10), 0.2),
    ("beta-scaled", "rise by 1", lambda code: bias_moves(code, beta=1), 0.6),
    ("gamma-forgotten", "ten times too wide", lambda code: weight_ratio(code, gamma=0.1), 10),
    ("gamma-forgotten", "sign turned", lambda code: weight_ratio(code, gamma=-1), -1),
    ("weights-unscaled", "ten times too wide", lambda code: weight_ratio(code, std=10), 10),
    ("weights-unscaled", "nothing shows", lambda code: weight_ratio(code, gamma=3, std=3), 1),
    ("weights-divided", "100 times too large", lambda code: weight_ratio(code, std=10), 100),
    ("weights-divided", "nothing shows", lambda code: weight_ratio(code, gamma=3, std=3), 1),
    ("weights-divided", "not halve", lambda code: folded(code, gamma=2)[0][0], 0.5),
    ("eps-missing", "5 % too wide", lambda code: weight_ratio(code, std=0.1, eps=1e-3) - 1, 0.05),
    ("eps-missing", "infinite weights", lambda code: folded(code, std=0)[0][0], np.inf),
    ("eps-missing", "should double", lambda code: folded(code, std=0, eps=0.25)[1][0], 2),
    ("eps-outside", "5 % too wide", lambda code: weight_ratio(code, std=0.01, eps=1e-5) - 1, 0.05),
    ("eps-outside", "four times", lambda code: folded(code, std=0, eps=0.25)[0][0], 4),
    ("no-root", "ten times too narrow", lambda code: 1 / weight_ratio(code, std=10), 10),
    ("no-root", "nearly ten times too wide", lambda code: weight_ratio(code, std=0.1, eps=1e-5), 10),
    ("no-root", "a quarter", lambda code: folded(code, std=2)[0][0], 0.25),
    ("std-multiplied", "100 times too large", lambda code: weight_ratio(code, std=10), 100),
    ("std-multiplied", "hardly anything shows", lambda code: weight_ratio(code, std=1), 1),
]


def merged(code, count_a, mean_a, var_a, count_b, mean_b, var_b):
    """Count, mean and variance of one feature, from the twin and from the right function."""
    answers = both(code, count_a, one(mean_a), one(var_a), count_b, one(mean_b), one(var_b))
    return [[float(np.squeeze(part)) for part in answer] for answer in answers]


def mean_and_var(code, *sides):
    twin, right = merged(code, *sides)
    return [*twin[1:], *right[1:]]


def var(code, *sides):
    return merged(code, *sides)[0][2]


def var_ratio(code, *sides):
    (*_, twin), (*_, right) = merged(code, *sides)
    return twin / right


def changed(code, *sides):
    """Whether the merge with an empty second side, or with a copy, changes mean or variance."""
    twin, right = merged(code, *sides)
    assert right[1:] == pytest.approx(list(sides[1:3]))
    return not np.allclose(twin[1:], sides[1:3])


def third_share(code):
    """The share of the third of three equal batches, merged one after the other."""
    count, mean, spread = mistakes.find(code).fn(10, one(0), one(1), 10, one(0), one(1))
    return mistakes.right("merging")(count, mean, spread, 10, one(1), one(1))[1]


APART = (16, 0, 1, 16, 10, 1)  # two batches of variance 1 with means 0 and 10
CONSTANT = (16, 0, 0, 16, 10, 0)  # a batch of zeros and one of tens
EMPTY = (8, 3, 2, 0, 5, 7)
COPY = (4, 3, 2, 4, 3, 2)

MERGING = [
    (
        "unweighted",
        "have mean 1 and variance 50 together; this gives 25 and 1",
        lambda code: mean_and_var(code, 98, 0, 1, 2, 50, 1),
        [25, 1, 1, 50],
    ),
    ("unweighted-mean", "gives 8", lambda code: mean_and_var(code, 30, 0, 1, 2, 16, 1)[::2], [8, 1]),
    ("unweighted-mean", "stay what it was", lambda code: changed(code, *EMPTY), True),
    ("unweighted-within", "gives 17", lambda code: mean_and_var(code, 30, 0, 1, 2, 0, 33)[1::2], [17, 3]),
    ("unweighted-within", "stay what it was", lambda code: changed(code, *EMPTY), True),
    ("unweighted-between", "is 25 %", lambda code: mean_and_var(code, 9, 0, 0, 1, 1, 0)[1::2], [0.25, 0.09]),
    ("unweighted-between", "nothing shows", lambda code: var_ratio(code, *APART), 1),
    ("no-between", "and this gives 1", lambda code: mean_and_var(code, *APART)[1::2], [1, 26]),
    ("no-between", "25 and not 0", lambda code: mean_and_var(code, *CONSTANT)[1::2], [0, 25]),
    ("between-no-square", "2.5 instead of 25", lambda code: var(code, *CONSTANT), 2.5),
    ("between-no-square", "it is −2.5", lambda code: var(code, 16, 10, 0, 16, 0, 0), -2.5),
    ("between-one-share", "32 times", lambda code: var_ratio(code, *CONSTANT), 32),
    ("between-sign", "the variance −24", lambda code: var(code, *APART), -24),
    ("between-sign", "not −25", lambda code: var(code, *CONSTANT), -25),
    ("shares-exchanged", "gives 49", lambda code: mean_and_var(code, 98, 0, 1, 2, 50, 1)[::2], [49, 1]),
    ("shares-exchanged", "nothing shows", lambda code: var_ratio(code, *APART), 1),
    ("shares-exchanged", "stay what they were", lambda code: changed(code, *EMPTY), True),
    ("bessel-in", "half of the spread", lambda code: var_ratio(code, 2, 0, 1, 2, 0, 1), 0.5),
    ("bessel-in", "about 3 %", lambda code: 1 - var_ratio(code, 32, 0, 1, 32, 0, 1), 0.03),
    ("bessel-in", "stay what it was", lambda code: changed(code, *COPY), True),
    ("bessel-out", "a third too large", lambda code: var_ratio(code, 2, 0, 1, 2, 9, 1), 4 / 3),
    ("bessel-out", "stay what it was", lambda code: changed(code, *COPY), True),
    ("bessel-both", "within is a third too small", lambda code: var_ratio(code, 2, 0, 1, 2, 0, 1), 2 / 3),
    ("bessel-both", "between is a third too large", lambda code: var_ratio(code, 2, 0, 0, 2, 9, 0), 4 / 3),
    ("bessel-both", "stay what it was", lambda code: changed(code, *COPY), True),
    ("pooled-unbiased", "and this gives 1", lambda code: mean_and_var(code, *APART)[1::2], [1, 26]),
    ("pooled-unbiased", "25 and not 0", lambda code: mean_and_var(code, *CONSTANT)[1::2], [0, 25]),
    ("std-merged", "1 instead of 2", lambda code: mean_and_var(code, 8, 3, 0, 8, 3, 4)[1::2], [1, 2]),
    ("about-old-mean", "50 instead of 25", lambda code: mean_and_var(code, *CONSTANT)[1::2], [50, 25]),
    ("mean-kept", "stays that of the first", lambda code: mean_and_var(code, 8, 3, 1, 800, 5, 1)[0], 3),
    (
        "mean-kept",
        "should be the second side",
        lambda code: mean_and_var(code, 0, 3, 1, 8, 5, 1)[::2],
        [3, 5],
    ),
    ("count-kept", "a half instead of a third", third_share, 0.5),
]


def workers(code, sizes=(4,) * 8, gamma=1.0, dys=None):
    """dy, caches and the answers of the twin and of the right function, with x far apart between workers."""
    rng = np.random.default_rng(1)
    xs = [rng.normal(n, 2, (size, 2)) for n, size in enumerate(sizes)]
    _, caches = syncbn_forward(xs, np.full(2, gamma), np.zeros(2), eps=1e-9)
    dys = [rng.normal(1 + n, 1, x.shape) for n, x in enumerate(xs)] if dys is None else dys
    return dys, caches, *both(code, dys, caches)


def corrections(code, place=slice(None), as_in=None, **settings):
    """What the twin takes off the direct term, by what the right function (or another twin) takes off."""
    dys, caches, twin, right = workers(code, **settings)
    right = right if as_in is None else mistakes.find(as_in).fn(dys, caches)
    direct = [c.gamma * c.inv_std * dy for dy, c in zip(dys, caches, strict=True)]
    off = [[a - b for a, b in zip(direct, answer[0], strict=True)] for answer in (twin, right)]
    return [a / b for a, b in list(zip(*off, strict=True))[place]]


def params(code, which, **settings):
    """dgamma (1) or dbeta (2) of the twin by the right one."""
    *_, twin, right = workers(code, **settings)
    return twin[which] / right[which]


def sums(code, along_x_hat=False, sizes=(4, 2, 9)):
    """Whether the dxs of all workers (times x_hat) sum to 0, for the right function and for the twin."""
    _, caches, *answers = workers(code, sizes=sizes)
    rows = np.concatenate([c.x_hat if along_x_hat else np.ones_like(c.x_hat) for c in caches])
    twin, right = [(np.concatenate(dxs) * rows).sum(axis=0) for dxs, _, _ in answers]
    return [np.abs(right).max() < 1e-6, np.abs(twin).min() > 1e-2]


def moved(code, worker):
    """Which results of the twin move when one entry of dy of one worker does: every dx, dgamma, dbeta."""
    dys, caches, before, _ = workers(code)
    dys[worker][0, 0] += 1
    after = mistakes.find(code).fn(dys, caches)
    pairs = [*zip(before[0], after[0], strict=True), *zip(before[1:], after[1:], strict=True)]
    return [not np.allclose(a, b) for a, b in pairs]


def off(code, by_x_hat):
    """How far what the twin adds to the right dx is from a constant (times x_hat) on each worker."""
    _, caches, twin, right = workers(code)
    added = [a - b for a, b in zip(twin[0], right[0], strict=True)]
    if by_x_hat:
        added = [a / c.x_hat for a, c in zip(added, caches, strict=True)]
    return [np.ptp(a, axis=0) / np.abs(a).max() for a in added]


def same_dy(code):
    *_, twin, right = workers(code, sizes=(4, 2), dys=[np.full((4, 2), 3.0), np.full((2, 2), 3.0)])
    return [*right[1:], *twin[1:]]


def slope(code, fn, *at, h=1e-5, dy=1.0):
    """The twin's gradient; dy is 1 unless given."""
    return mistakes.find(code).fn(fn, np.array(at, dtype=float), np.asarray(dy), h=h)


def cube(x):
    return (x**3).sum()


def square(x):
    return (x**2).sum()


def digits(code):
    """Right digits of the slope of the square near 1, typically: between one and two."""
    at = np.linspace(0.9, 1.1, 41)
    found = slope(code, lambda x: x**2, *at, dy=np.ones(41))
    return -np.log10(np.median(np.abs(found / (2 * at) - 1)))


def cube_errors(code):
    """The error for the cube at 1, for steps of 0.1 and 0.01, the first by the second: 100 when central."""
    first, second = (slope(code, cube, 1, h=h) - 3 for h in (0.1, 0.01))
    central, finer = (mistakes.right("numerical-gradient")(cube, np.ones(1), h=h) - 3 for h in (0.1, 0.01))
    assert central / finer == pytest.approx(100, rel=0.01)
    return first / second


def norm_slopes(code):
    """The gradient of a batch norm of 6 examples with 3 features, summed with random dy."""
    x = np.random.default_rng(2).normal(2, 3, (6, 3))
    dy = np.random.default_rng(3).normal(1, 1, x.shape)
    norm = lambda z: batchnorm_forward(z, np.full(3, 2.0), np.ones(3))[0]  # noqa: E731
    return np.round(mistakes.find(code).fn(norm, x, dy), 8)


def inputs_seen(code):
    """In how many entries the inputs of fn differ from x."""
    x, seen = np.arange(4.0), []

    def fn(z):
        seen.append(int((z != x).sum()))
        return z

    mistakes.find(code).fn(fn, x, np.ones(4))
    return max(seen)


def smaller_step(code):
    """The slope of the cube at 1 with a step ten times smaller, by the one before."""
    return slope(code, cube, 1, h=1e-5) / slope(code, cube, 1, h=1e-4)


NUMERICAL = [
    ("one-sided", "gives 3.31", lambda code: slope(code, cube, 1, h=0.1) - 3, 0.31),
    ("one-sided", "not ten", cube_errors, 10),
    ("one-sided-below", "gives 2.71", lambda code: slope(code, cube, 1, h=0.1) - 3, -0.29),
    ("one-sided-below", "not ten", cube_errors, 10),
    ("twice", "every slope should be 1", lambda code: slope(code, np.copy, 3, 4, dy=np.ones(2)), 2),
    ("half", "every slope should be 1", lambda code: slope(code, np.copy, 3, 4, dy=np.ones(2)), 0.5),
    ("not-divided", "50 000 times too small", lambda code: 3 / slope(code, cube, 1), 50000),
    ("not-divided", "should nearly agree", smaller_step, 0.1),
    ("sign", "1 and not −1", lambda code: slope(code, np.copy, 3, 4, dy=np.ones(2)), -1),
    ("step-too-small", "one or two digits of the slope", lambda code: 1 < digits(code) < 3, True),
    ("step-too-small", "2.2e-16 apart", lambda code: np.spacing(1.0) * 1e16, 2.2),
    ("step-too-small", "every slope is 0", lambda code: slope(code, square, 1000), 0),
    ("step-too-large", "gets 4", lambda code: slope(code, cube, 1), 4),
    ("step-too-large", "the two results should differ", lambda code: slope(code, cube, 1, h=0.1), 4),
    ("not-restored", "gives 1 and 0.9", lambda code: 10 * slope(code, np.prod, 1, 1, h=0.1) - 9, [1, 0]),
    ("not-restored", "one entry should differ", inputs_seen, 4),
    ("all-at-once", "is then 0", norm_slopes, 0),
    ("all-at-once", "not both 8", lambda code: slope(code, square, 1, 3), 8),
    ("diagonal-only", "and 992", lambda code: 32**2 - 32, 992),
    (
        "diagonal-only",
        "and not 0",
        lambda code: slope(code, lambda x: x[::-1], 1, 2, 3, 4, dy=np.arange(1.0, 5)),
        0,
    ),
    ("dy-ignored", "is then 0", norm_slopes, 0),
    ("dy-ignored", "should double", lambda code: slope(code, cube, 1, dy=2) / slope(code, cube, 1), 1),
    (
        "mean-for-sum",
        "320 times too small",
        lambda code: 1 / slope(code, np.copy, *np.ones((32, 10)), dy=np.ones((32, 10))),
        320,
    ),
    ("float32", "about 84 roundings", lambda code: 1e-5 / np.spacing(np.float32(1)), 84),
    ("float32", "one or two digits of the slope", lambda code: 1 < digits(code) < 3, True),
    ("float32", "every slope is 0", lambda code: slope(code, square, 1000), 0),
]


def lost(code, name):
    """What a gamma, beta or bias of 1 has lost after 1000 steps of SGD with a gradient of 0."""
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 2))
    named = dict(model.named_parameters())
    optimiser = torch.optim.SGD(mistakes.find(code).fn(model, 5e-4), lr=0.1)
    with torch.no_grad():
        named[name].fill_(1)
    for parameter in named.values():
        parameter.grad = torch.zeros_like(parameter)
    for _ in range(1000):
        optimiser.step()
    return round(1 - named[name][0].item(), 4)


def spared(code):
    """The axes of the parameters that are not decayed."""
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 2))
    groups = mistakes.find(code).fn(model, 0.1)
    return sorted({p.ndim for group in groups if not group["weight_decay"] for p in group["params"]})


def unknown(code):
    """The parameters of one axis that stand in no group, by all parameters of one axis."""
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 2))
    known = {id(p) for group in mistakes.find(code).fn(model, 0.1) for p in group["params"]}
    free = [p for p in model.parameters() if p.ndim == 1]
    return sum(id(p) not in known for p in free) / len(free)


MAPS = torch.as_tensor(RNG.normal(1, 2, (4, 3, 6, 6)))


def blocks(code, c_in=3, c_out=5):
    """The block of the twin and the right one, in float64."""
    return [block.double() for block in both(code, c_in, c_out)]


def conv_times(code, factor):
    """The output with weights `factor` times as large, by the one before: of the twin, of the right block."""
    ratios = []
    for block in blocks(code):
        before = block(MAPS)
        conv = next(module for module in block if isinstance(module, nn.Conv2d))
        conv.weight.data *= factor
        ratios.append((block(MAPS).norm() / before.norm()).item())
    return ratios


def bias_added(code):
    """How far the output in training moves when 5 is added to the bias in front of the norm."""
    block, _ = blocks(code)
    before = block(MAPS)
    block[0].bias.data += 5
    return (block(MAPS) - before).abs().max().item()


def not_linear(code):
    """How far three blocks of the twin, in use, are from a linear map and a shift."""
    row = nn.Sequential(*[blocks(code, 3, 3)[0] for _ in range(3)])
    row(MAPS)  # statistics that are not 0 and 1
    row.eval()
    zero = row(torch.zeros_like(MAPS))
    return (row(2 * MAPS) - 2 * row(MAPS) + zero).abs().max().item()


def lowest(code):
    return [(block(MAPS).min() < 0).item() for block in blocks(code)]


def zeros_turned(code):
    """The share of the zeros of the ReLU that are below 0 behind the norm."""
    block, _ = blocks(code)
    zeros = block[:2](MAPS) == 0
    return (block(MAPS)[zeros] < 0).double().mean().item()


def ten_in_a_row(code):
    """Ten blocks with weights twice as large, by ten blocks as they were."""
    row = nn.Sequential(*[blocks(code, 3, 3)[0] for _ in range(10)])
    before = row(MAPS)
    for block in row:
        block[0].weight.data *= 2
    return (row(MAPS).norm() / before.norm()).item()


def along_weights(code):
    """The gradient of a convolution's weights in front of a norm, along the weights themselves."""
    _, block = blocks("block-order.no-norm")
    block[1].eps = 1e-12
    (block(MAPS) * torch.as_tensor(np.random.default_rng(4).normal(size=(4, 5, 6, 6)))).sum().backward()
    weight = block[0].weight
    return round(torch.cosine_similarity(weight.grad.ravel(), weight.ravel(), dim=0).item(), 8)


PARAM_GROUPS = [
    ("decay-on-all", "about 5 %", lambda code: [lost(code, "1.weight"), lost(code, "1.bias")], 0.05),
    (
        "decay-on-gamma",
        "about 5 %",
        lambda code: [lost(code, "1.weight"), lost(code, "1.bias"), lost(code, "0.bias")],
        [0.05, 0, 0],
    ),
    (
        "decay-on-beta",
        "about 5 %",
        lambda code: [lost(code, "1.bias"), lost(code, "0.bias"), lost(code, "1.weight")],
        [0.05, 0.05, 0],
    ),
    ("decay-on-none", "weights longer at every step", along_weights, 0),
    ("decay-on-none", "spared as well", spared, [1, 2, 4]),
    ("exchanged", "the weights of the layers are not", spared, [2, 4]),
    ("norms-left-out", "in no group", unknown, 1),
]
BLOCK_ORDER = [
    ("conv-bias", "no output changes with it", bias_added, 0),
    ("conv-bias", "64 parameters", lambda code: mistakes.find(code).fn(3, 64)[0].bias.numel(), 64),
    ("norm-last", "every 0 of the ReLU", zeros_turned, 1),
    ("norm-last", "cannot be negative", lowest, [True, False]),
    ("norm-first", "ten times as large", lambda code: conv_times(code, 10), [10, 1]),
    ("no-norm", "twice as large", lambda code: conv_times(code, 2), [2, 1]),
    ("no-norm", "1024 times", ten_in_a_row, 1024),
    ("no-activation", "no more than one linear map and one shift", not_linear, 0),
    ("no-activation", "cannot be negative", lowest, [True, False]),
]

ALONE = [True, *[False] * 7]
SYNC = [
    ("local-sums", "those of all workers should", lambda code: moved(code, 0)[:8], ALONE),
    ("local-mean-term", "near 0", lambda code: sums(code, along_x_hat=True), True),
    ("local-mean-term", "off by a constant", lambda code: off(code, by_x_hat=False), 0),
    ("local-variance-term", "should be 0", sums, True),
    ("local-variance-term", "a multiple of x_hat", lambda code: off(code, by_x_hat=True), 0),
    ("local-sums-global-n", "those of all workers should", lambda code: moved(code, 0)[:8], ALONE),
    (
        "local-sums-global-n",
        "eight times too weak",
        lambda code: corrections(code, as_in="sync-backward.local-sums"),
        1 / 8,
    ),
    ("local-n", "eight times too strong", corrections, 8),
    ("local-n", "should be 0", sums, True),
    (
        "equal-sizes",
        "five times too strong",
        lambda code: corrections(code, slice(1, None), sizes=(9, 1)),
        5,
    ),
    ("equal-sizes", "nothing shows", corrections, 1),
    ("mean-of-means", "nothing shows", corrections, 1),
    ("mean-of-means", "should be 0", sums, True),
    ("averaged", "eight times too small", lambda code: [params(code, 1), params(code, 2)], 1 / 8),
    ("averaged", "dx is right", corrections, 1),
    ("dgamma-averaged", "eight times too small", lambda code: params(code, 1), 1 / 8),
    ("dgamma-averaged", "dx and dbeta are right", lambda code: params(code, 2), 1),
    ("dbeta-averaged", "eight times too small", lambda code: params(code, 2), 1 / 8),
    ("dbeta-averaged", "dx and dgamma are right", lambda code: params(code, 1), 1),
    ("averaged-in-dx-too", "eight times too small", lambda code: [params(code, 1), params(code, 2)], 1 / 8),
    ("averaged-in-dx-too", "eight times too weak", corrections, 1 / 8),
    ("params-of-one-worker", "should move", lambda code: moved(code, 1)[8:], False),
    ("no-mean-path", "should be 0", sums, True),
    ("no-variance-path", "near 0", lambda code: sums(code, along_x_hat=True), True),
    ("constant-statistics", "Add up your dxs", sums, True),
    ("constant-statistics", "near 0", lambda code: sums(code, along_x_hat=True), True),
    ("constant-statistics", "No worker then hears of another", lambda code: moved(code, 0)[:8], ALONE),
    (
        "gamma-missing",
        "ten times too large",
        lambda code: np.divide(*[answer[0][0] for answer in workers(code, gamma=0.1)[2:]]),
        10,
    ),
    ("dgamma-dbeta-swapped", "dgamma should be 0", same_dy, [[0, 0], [18, 18], [18, 18], [0, 0]]),
]

CLAIMS = [
    pytest.param(f"{subject}.{name}", words, computed, number, id=f"{subject}.{name}-{words}")
    for subject, rows in {
        "folding": FOLDING,
        "merging": MERGING,
        "sync-backward": SYNC,
        "numerical-gradient": NUMERICAL,
        "param-groups": PARAM_GROUPS,
        "block-order": BLOCK_ORDER,
    }.items()
    for name, words, computed, number in rows
]


@pytest.mark.parametrize(("code", "words", "computed", "number"), CLAIMS)
def test_a_number_in_a_message_is_that_of_the_twin(code, words, computed, number):
    table = messages("en")[code]
    assert words in " ".join((table["meaning"], table["why"], table["next"]))
    found = np.asarray(computed(code), dtype=float)
    np.testing.assert_allclose(found, np.broadcast_to(number, found.shape), rtol=0.1, atol=1e-9)


def test_a_layer_that_is_not_square_shows_the_scale_on_the_input_axis():
    rows = (np.zeros(3), np.arange(1.0, 4.0), np.zeros(3), np.zeros(3), np.ones(3))
    with pytest.raises(ValueError, match="broadcast"):
        mistakes.find("folding.input-axis").fn(np.ones((3, 2)), *rows)
    (twin, _), (right, _) = both("folding.input-axis", np.ones((3, 3)), *rows)
    np.testing.assert_allclose(twin, right.T)


@pytest.mark.parametrize("name", ["between-no-square", "about-old-mean"])
def test_the_order_of_two_batches_shows_a_variance_that_is_not_symmetric(name):
    fn = mistakes.find(f"merging.{name}").fn
    one_way = fn(9, one(0), one(1), 2, one(10), one(1))[2]
    other_way = fn(2, one(10), one(1), 9, one(0), one(1))[2]
    assert abs(one_way - other_way) > 1


def test_averaged_standard_deviations_never_give_too_large_a_variance():
    for a, b in RNG.uniform(0, 5, (50, 2)):
        assert var_ratio("merging.std-merged", 3, 0, a, 8, 2, b) <= 1 + 1e-12


def test_a_single_example_weighs_five_times_too_much_when_means_are_averaged():
    dys, caches, *_ = workers("sync-backward.mean-of-means", sizes=(9, 1))
    before = [
        fn(dys, caches)[0][0]
        for fn in (mistakes.find("sync-backward.mean-of-means").fn, mistakes.right("sync-backward"))
    ]
    dys[1][0] += 1  # the only example of the second worker
    after = [
        fn(dys, caches)[0][0]
        for fn in (mistakes.find("sync-backward.mean-of-means").fn, mistakes.right("sync-backward"))
    ]
    twin, right = [b - a for a, b in zip(before, after, strict=True)]
    np.testing.assert_allclose(twin, 5 * right)
