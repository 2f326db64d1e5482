"""Batch norm over two real workers: it is batch norm of both batches laid one below the other."""

import copy
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from beside import TOLERANCE, assert_close
from sync_worker import CASES, KINDS, STEPS, C, descend, draw, in_and_out, norm_of
from torch import nn
from workers import run_workers

from bncourse import layers, syncbn_backward, syncbn_forward
from bncourse.errors import StateError
from bncourse.layers import SyncBatchNorm1d, SyncBatchNorm2d, synchronise

over_workers = pytest.mark.slow  # two processes that load PyTorch


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workers")
    run_workers(Path(__file__).with_name("sync_worker.py"), folder)
    return [torch.load(folder / f"{rank}.pt") for rank in range(2)]


def joined(results, pick):
    return torch.cat([pick(result) for result in results])


@over_workers
@pytest.mark.parametrize("name", CASES)
def test_is_batch_norm_of_the_whole(results, name):
    kind, *_, dtype, offset, _ = CASES[name]
    # The whole in float64 also where the workers had fewer digits: so both errors would show.
    whole = norm_of(getattr(nn, f"BatchNorm{kind}"), name).double()
    # Far from 0 a mean has fewer digits behind the point; E[x²] − E[x]² would have none.
    tolerance = 1e-3 if offset > 100 else TOLERANCE[dtype]
    for step, (xs, dys) in enumerate(draw(name)):
        expected = in_and_out(whole, torch.cat(xs).double(), torch.cat(dys).double())
        for key in ("y", "dx"):
            got = joined(results, lambda result, step=step, key=key: result[name]["steps"][step][key])
            assert got.dtype == dtype
            assert_close(got.double(), expected[key], tolerance, f"{key} of step {step}")
        # Each worker has its own part of the gradients of gamma and beta.
        parts = [result[name]["steps"][step]["rows"] for result in results]
        for a, b, both in zip(*parts, expected["rows"], strict=True):
            assert_close((a + b).double(), both, tolerance, f"rows of step {step}")
    for key, value in whole.named_buffers():
        mine = [result[name]["buffers"][key] for result in results]
        assert torch.equal(*mine)
        assert_close(mine[0].double(), value.double(), tolerance, key)
    assert len(list(whole.buffers())) == len(results[0][name]["buffers"])


@over_workers
@pytest.mark.parametrize("name", ["dense", "one-each"])
def test_is_that_of_the_reference(results, name):
    layer = norm_of(SyncBatchNorm1d, name)
    gamma, beta = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    for step, (xs, dys) in enumerate(draw(name)):
        ys, caches = syncbn_forward([x.numpy() for x in xs], gamma, beta, eps=layer.eps)
        dxs, dgamma, dbeta = syncbn_backward([dy.numpy() for dy in dys], caches)
        mine = [result[name]["steps"][step] for result in results]
        for worker in range(2):
            np.testing.assert_allclose(mine[worker]["y"], ys[worker], atol=1e-9)
            np.testing.assert_allclose(mine[worker]["dx"], dxs[worker], atol=1e-9)
        np.testing.assert_allclose(sum(m["rows"][0] for m in mine), dgamma, atol=1e-9)
        np.testing.assert_allclose(sum(m["rows"][1] for m in mine), dbeta, atol=1e-9)


@over_workers
def test_memory_stays_as_it_lies(results):
    (xs, dys), *_ = draw("maps")
    expected = in_and_out(norm_of(nn.BatchNorm2d, "maps"), torch.cat(xs), torch.cat(dys))
    for key in ("y", "dx"):
        assert_close(joined(results, lambda r, key=key: r["laid_out"][key]), expected[key], 1e-9, key)
    assert all(result["laid_out"]["last"] == [True, True] for result in results)


@over_workers
def test_a_group_of_its_own_shares_nothing(results):
    (xs, dys), *_ = draw("maps")
    for result, x, dy in zip(results, xs, dys, strict=True):
        expected = in_and_out(nn.BatchNorm2d(C).double(), x, dy)
        assert_close(result["alone"]["y"], expected["y"], 1e-9)
        assert_close(result["alone"]["dx"], expected["dx"], 1e-9)


@over_workers
def test_in_inference_nobody_waits(results):
    layer = norm_of(nn.BatchNorm1d, "dense").eval()
    assert_close(results[0]["in_use"], layer(draw("dense")[0][0][0]), 1e-9)


@over_workers
def test_a_net_trains_as_on_one_worker(results):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 2)).double()
    for x in torch.randn(5, 8, 4, dtype=torch.float64):
        descend(net, x)
    for result in results:
        assert result["trained"].keys() == net.state_dict().keys()
        for key, value in net.state_dict().items():
            assert_close(result["trained"][key], value, 1e-9, key)


@over_workers
def test_what_workers_refuse(results):
    for result in results:
        texts = result["refusals"]
        assert texts["one"] == (
            "ShapeError: must hold: all workers together have at least two values a channel; "
            "got: one; try: a larger batch on any of them"
        )
        assert texts["axes"] == "ValueError: expected 2D or 3D input (got 4D input)"
        assert "once_differentiable" in texts["twice"]
        assert texts["empty leaves no trace"] is True


@pytest.mark.parametrize("kind", KINDS)
def test_one_worker_is_the_layer_itself(kind):
    shape = (4, C, *(3, 2, 2)[: int(kind[0])])
    x = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 2
    mine = KINDS[kind](C, momentum=0.3).double()
    theirs = getattr(nn, f"BatchNorm{kind}")(C, momentum=0.3).double()
    assert isinstance(mine, getattr(layers, f"BatchNorm{kind}"))
    assert list(mine.state_dict()) == list(theirs.state_dict())
    for training in (True, False):
        mine.train(training), theirs.train(training)
        assert_close(mine(x), theirs(x), 1e-9)
    for a, b in zip(mine.buffers(), theirs.buffers(), strict=True):
        assert_close(a, b, 1e-9)


def test_synchronise_swaps_a_copy_at_any_depth():
    shared = nn.BatchNorm2d(4, eps=0.1, momentum=None, affine=False)
    dense = layers.BatchNorm1d(4, track_running_stats=False, dtype=torch.float64)
    net = nn.Sequential(shared, nn.Sequential(nn.ReLU(), shared), nn.ModuleDict({"dense": dense}))
    dense.weight.requires_grad_(False)
    net.eval()[0].running_mean.fill_(7)
    new = synchronise(net)
    assert type(new[0]) is SyncBatchNorm2d
    assert new[0] is new[1][1]
    assert (new[0].eps, new[0].momentum, new[0].affine, new[0].training) == (0.1, None, False, False)
    assert new[0].running_mean.tolist() == [7] * 4
    assert new[0].running_mean is not shared.running_mean
    assert type(new[2]["dense"]) is SyncBatchNorm1d
    assert new[2]["dense"].weight.dtype == torch.float64
    assert not new[2]["dense"].weight.requires_grad
    assert new[2]["dense"].running_mean is None
    assert type(net[0]) is nn.BatchNorm2d  # the net passed in stays
    assert type(synchronise(dense)) is SyncBatchNorm1d
    assert type(synchronise(new)[0]) is SyncBatchNorm2d  # again changes nothing
    assert copy.deepcopy(new)[0].eps == 0.1


def test_synchronise_refuses_a_norm_it_does_not_know():
    with pytest.raises(StateError) as error:
        synchronise(nn.Sequential(nn.SyncBatchNorm(4)))
    assert str(error.value) == (
        "must hold: the batch norms are BatchNorm1d, 2d or 3d, of PyTorch or of bncourse.layers; "
        "got: SyncBatchNorm; try: exchange that one by hand before"
    )


def test_there_is_one_backward_pass():
    with pytest.raises(StateError) as error:
        SyncBatchNorm2d(4, backward="staged")
    assert str(error.value) == (
        "must hold: over workers the backward pass is the simplified one; "
        "got: backward='staged'; try: BatchNorm2d, which has both"
    )
    staged = layers.BatchNorm2d(4, backward="staged")
    assert synchronise(staged).backward == "simplified"


def test_the_cases_can_tell():
    """Each worker alone would give other numbers, in every case that a test of the whole looks at."""
    for name in set(CASES) - {"one-each", "one-empty"}:
        (xs, dys), *rest = draw(name)
        assert len(rest) == STEPS - 1
        kind = getattr(nn, f"BatchNorm{CASES[name][0]}")
        if math.prod(xs[0].shape) > C:
            whole = in_and_out(norm_of(kind, name), torch.cat(xs), torch.cat(dys))["y"][: len(xs[0])]
            alone = in_and_out(norm_of(kind, name), xs[0], dys[0])["y"]
            assert (whole - alone).abs().max() > 0.2
