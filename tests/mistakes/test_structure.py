"""Twins of how a net is put together: compared by outline, and what each costs where it can be measured."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from bncourse import mistakes
from bncourse.mistakes.structure import block_order, outline_block, outline_groups, param_groups


def net():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2)
    )


def test_importing_the_mistakes_does_not_load_pytorch():
    code = "from bncourse import mistakes; import sys; print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_the_right_groups_by_hand():
    model = net()
    assert outline_groups(model, param_groups(model, 0.01)) == (
        "0.weight 0.01",
        "1.weight 0.0",
        "1.bias 0.0",
        "4.weight 0.01",
        "4.bias 0.0",
    )
    torch.optim.SGD(param_groups(model, 0.01), lr=0.1)  # an optimiser takes them


def test_every_wrong_grouping_has_an_outline_of_its_own():
    model = net()
    fns = [param_groups, *(mistake.fn for mistake in mistakes.of("param-groups"))]
    outlines = [outline_groups(model, fn(model, 0.01)) for fn in fns]
    assert len(set(outlines)) == len(fns) == 7


@pytest.mark.parametrize(("c_in", "c_out"), [(3, 8), (4, 4)])
def test_every_wrong_block_has_an_outline_of_its_own(c_in, c_out):
    fns = [block_order, *(mistake.fn for mistake in mistakes.of("block-order"))]
    blocks = [fn(c_in, c_out) for fn in fns]
    assert len({outline_block(block) for block in blocks}) == len(fns) == 6
    x = torch.randn(2, c_in, 5, 5)
    assert {block(x).shape for block in blocks} == {(2, c_out, 5, 5)}


def test_a_parameter_in_no_group_or_in_two_shows_in_the_outline():
    model = nn.Linear(2, 1)
    groups = [
        {"params": [model.weight], "weight_decay": 0.1},
        {"params": [model.weight], "weight_decay": 0.2},
    ]
    assert outline_groups(model, groups) == ("weight 0.1 and 0.2", "bias not trained")


def test_a_bias_in_front_of_the_norm_changes_no_output_and_learns_nothing():
    torch.manual_seed(0)
    block = mistakes.find("block-order.conv-bias").fn(3, 4).double()
    x = torch.randn(5, 3, 6, 6, dtype=torch.float64)
    before = block(x)
    (before**3).sum().backward()
    assert block[0].bias.grad.abs().max() < 1e-10 * block[0].weight.grad.abs().max()
    with torch.no_grad():
        block[0].bias += 7
    torch.testing.assert_close(block(x), before, rtol=0, atol=1e-12)


def test_a_step_of_decay_alone_shrinks_gamma_only_in_the_wrong_groups():
    def gamma_after(fn):
        model = net()
        optimiser = torch.optim.SGD(fn(model, 0.5), lr=0.1)
        for p in model.parameters():
            p.grad = torch.zeros_like(p)
        optimiser.step()
        return model[1].weight[0].item()

    assert gamma_after(param_groups) == 1
    assert gamma_after(mistakes.find("param-groups.decay-on-gamma").fn) == pytest.approx(0.95)
