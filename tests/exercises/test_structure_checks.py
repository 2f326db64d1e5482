"""Checks of optimiser groups and of a block: compared by outline; PyTorch is loaded when they are called."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from bncourse.errors import StateError
from bncourse.exercises.judging import judge
from bncourse.exercises.specs import exercise


def judged(name, fn, seed=0):
    return judge(exercise(name), fn, limit=20.0, rng=np.random.default_rng(seed))


def one_group_each(model, weight_decay):
    return [
        {"params": [p], "weight_decay": weight_decay if p.dim() > 1 else 0, "lr": 0.1}
        for p in model.parameters()
    ]


def without_a_key(model, weight_decay):
    return [
        {"params": (p for p in model.parameters() if p.ndim > 1), "weight_decay": weight_decay},
        {"params": (p for p in model.parameters() if p.ndim < 2)},
    ]


def by_kind(model, weight_decay):
    decay, free = set(), set()
    for name, module in model.named_modules():
        for kind, _ in module.named_parameters(recurse=False):
            full = f"{name}.{kind}"
            norm = isinstance(module, nn.modules.batchnorm._BatchNorm)
            (free if norm or kind == "bias" else decay).add(full)
    named = dict(model.named_parameters())
    return (
        {"params": [named[name] for name in sorted(decay)], "weight_decay": weight_decay},
        {"params": [named[name] for name in sorted(free)], "weight_decay": 0.0},
    )


def as_a_generator(model, weight_decay):
    for p in model.parameters():
        yield {"params": p, "weight_decay": weight_decay * (p.ndim > 1)}


def with_names(model, weight_decay):
    weights = [(name, p) for name, p in model.named_parameters() if p.ndim > 1]
    rest = [(name, p) for name, p in model.named_parameters() if p.ndim == 1]
    return [{"params": rest, "weight_decay": 0.0}, {"params": weights, "weight_decay": weight_decay}]


@pytest.mark.parametrize("fn", [one_group_each, without_a_key, by_kind, as_a_generator, with_names])
def test_groups_in_every_form_an_optimiser_takes_pass(fn):
    for seed in range(2):
        assert judged("param_groups", fn, seed)
    torch.optim.SGD(fn(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)), 0.01), lr=0.1)


def test_groups_that_are_none_are_told_so():
    for fn in (lambda model, weight_decay: list(model.parameters()), lambda model, weight_decay: 3):
        verdict = judged("param_groups", fn)
        assert (verdict.status, verdict.code) == ("broken_contract", "contract.outputs")
        assert verdict.param("expected") == "groups (list of dict)"


def test_biases_of_layers_that_are_decayed_have_no_name_and_are_shown():
    def biases_too(model, weight_decay):
        norms = [
            p
            for m in model.modules()
            if isinstance(m, nn.modules.batchnorm._BatchNorm)
            for p in m.parameters()
        ]
        rest = [p for p in model.parameters() if all(p is not one for one in norms)]
        return [{"params": rest, "weight_decay": weight_decay}, {"params": norms, "weight_decay": 0.0}]

    verdict = judged("param_groups", biases_too)
    assert verdict.code == "unknown"
    assert dict(verdict.example.arguments)["model"].splitlines()[:2] == [
        "0 Linear 2 to 3 with bias",
        "1 BatchNorm1d 3",
    ]
    assert "0.bias 0.01" in dict(verdict.example.yours)["groups"]
    assert "0.bias 0.0\n" in dict(verdict.example.expected)["groups"]
    assert verdict == judged("param_groups", biases_too, seed=1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # as it is put away
def test_a_generator_that_never_ends_is_stopped():
    def endless(model, weight_decay):
        while True:
            yield {"params": []}

    assert judge(exercise("param_groups"), endless, limit=1.0).status == "timeout"


def test_a_model_that_was_changed_is_told_and_the_next_call_gets_another():
    def spoils(model, weight_decay):
        with torch.no_grad():
            model[0].__class__ = model[0].__class__
            for p in model.parameters():
                p.zero_()
        return exercise("param_groups").right()(model, weight_decay)

    verdict = judged("param_groups", spoils)
    assert (verdict.code, verdict.param("argument")) == ("contract.input-changed", "model")

    def cuts(model, weight_decay):
        groups = exercise("param_groups").right()(model, weight_decay)
        del model[-1]
        return groups

    assert not judged("param_groups", cuts)


BLOCKS = {
    "nested": lambda a, b: nn.Sequential(
        nn.Sequential(nn.Conv2d(a, b, 3, padding=1, bias=False)), nn.Sequential(nn.BatchNorm2d(b), nn.ReLU())
    ),
    "identity": lambda a, b: nn.Sequential(
        nn.Identity(),
        nn.Conv2d(a, b, 3, padding="same", bias=False),
        nn.BatchNorm2d(b),
        nn.ReLU(inplace=True),
    ),
    "kernel 1": lambda a, b: nn.Sequential(
        nn.Conv2d(a, b, 1, bias=False), nn.BatchNorm2d(b, eps=1e-3, momentum=0.01), nn.ReLU()
    ),
}


@pytest.mark.parametrize("block", BLOCKS)
def test_right_blocks_in_other_forms_pass(block):
    assert judged("block_order", BLOCKS[block])


def conv(a, b, **settings):
    return nn.Conv2d(a, b, 3, padding=1, **settings)


OTHER = {
    "bias, no norm": (lambda a, b: nn.Sequential(conv(a, b), nn.ReLU()), "block-order.no-norm"),
    "bias, norm last": (
        lambda a, b: nn.Sequential(conv(a, b), nn.ReLU(), nn.BatchNorm2d(b)),
        "block-order.norm-last",
    ),
    "before all": (
        lambda a, b: nn.Sequential(nn.BatchNorm2d(a), nn.ReLU(), conv(a, b)),
        "block-order.norm-first",
    ),
    "bias, then nothing": (
        lambda a, b: nn.Sequential(conv(a, b), nn.BatchNorm2d(b)),
        "block-order.conv-bias + block-order.no-activation",
    ),
    "smaller maps": (
        lambda a, b: nn.Sequential(nn.Conv2d(a, b, 3, bias=False), nn.BatchNorm2d(b), nn.ReLU()),
        "unknown",
    ),
    "no list": (lambda a, b: [conv(a, b), nn.BatchNorm2d(b), nn.ReLU()], "contract.outputs"),
    "without gamma": (
        lambda a, b: nn.Sequential(conv(a, b, bias=False), nn.BatchNorm2d(b, affine=False), nn.ReLU()),
        "unknown",
    ),
}


@pytest.mark.parametrize("name", OTHER)
def test_other_blocks_have_their_verdict(name):
    fn, code = OTHER[name]
    assert judged("block_order", fn).code == code


def test_the_readers_random_numbers_of_pytorch_go_on_as_before():
    torch.manual_seed(3)
    before = torch.rand(3)
    torch.manual_seed(3)
    for name in ("param_groups", "block_order"):
        judged(name, exercise(name).right())
        judged(name, next(iter(exercise(name).twins().values())))
    assert torch.equal(torch.rand(3), before)


def test_without_pytorch_the_check_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in ("param_groups", "block_order"):
        with pytest.raises(StateError, match=r'no module torch; try: pip install "bncourse\[torch\]"'):
            judged(name, lambda one, other: one)
        assert judged(name, lambda one, other: ...).status == "not_attempted"


def test_the_other_checks_do_not_load_pytorch():
    code = (
        "import sys; from bncourse.exercises.judging import judge;"
        "from bncourse.exercises.specs import EXERCISES;"
        "row = EXERCISES['syncbn_backward']; assert judge(row, row.right()); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
