"""The table of nodes: the very strings on the cards are run, and torch says whether they are right."""

import re
from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bncourse.graph import NODES
from bncourse.graph.nodes import consumers, gradient_sum
from bncourse.reference.staged import StagedGradients, StagedValues

SHAPES = st.tuples(st.integers(2, 9), st.integers(1, 5))
SEEDS = st.integers(0, 2**32 - 1)
# Written apart from the table's formulas, in another library.
TORCH = {
    "mean": lambda N, eps, a: a.mean(0),
    "rows": lambda N, eps, a: a.expand(N, -1),
    "subtract": lambda N, eps, a, b: a - b,
    "square": lambda N, eps, a: a.square(),
    "sqrt": lambda N, eps, a: (a + eps).sqrt(),
    "reciprocal": lambda N, eps, a: a.reciprocal(),
    "multiply": lambda N, eps, a, b: a * b,
    "add": lambda N, eps, a, b: a + b,
}


def case(shape, seed):
    """A batch far from the friendly one: dy and gamma neither 0 nor 1 on average."""
    N, D = shape
    rng = np.random.default_rng(seed)
    batch = {"x": rng.normal(1, 2, (N, D)), "gamma": rng.normal(2, 1, D), "beta": rng.normal(-1, 1, D)}
    return batch, rng.normal(0.7, 1, (N, D)), float(rng.uniform(0.1, 1))


def autograd(batch, dy, eps):
    """Values, node gradients and the gradients of single edges, all by torch."""
    t, edges = {}, {}
    for node in NODES:
        if node.op == "leaf":
            t[node.name] = torch.tensor(batch[node.name], requires_grad=True)
            continue
        copies = [t[name] * 1 for name in node.inputs]  # a copy for each edge has a gradient of its own
        for part, each in zip(node.parts, copies, strict=True):
            each.retain_grad()
            edges[part] = each
        t[node.name] = TORCH[node.op](len(dy), eps, *copies)
        t[node.name].retain_grad()
    t["y"].backward(torch.tensor(dy))
    values = {name: each.detach().numpy() for name, each in t.items()}
    gradients = {f"d{name}": each.grad.numpy() for name, each in t.items()}
    return values, gradients, {part: each.grad.numpy() for part, each in edges.items()}


def run_cards(batch, dy, eps):
    """All forward strings, then all backward strings, in the order in which the steps go."""
    names = {"np": np, "N": len(dy), "eps": eps, "dy": dy} | batch
    for node in NODES:
        exec(node.forward, names)
    for node in reversed(NODES):
        for line in [gradient_sum(node), *node.backward]:
            exec(line, names)
    return names


def assert_close(found, right, what):
    assert found.shape == right.shape, what
    assert np.abs(found - right).max() <= 1e-9 * max(np.abs(right).max(), 1e-3), what


@given(SHAPES, SEEDS)
def test_what_every_card_says_is_what_torch_finds(shape, seed):
    batch, dy, eps = case(shape, seed)
    names = run_cards(batch, dy, eps)
    for group in autograd(batch, dy, eps):
        for name, right in group.items():
            assert_close(names[name], right, name)


@pytest.mark.parametrize("node", [node for node in NODES if node.op != "leaf"], ids=lambda node: node.name)
def test_the_local_derivative_is_that_of_one_entry(node):
    batch, dy, eps = case((5, 3), 1)
    names = run_cards(batch, dy, eps)
    inputs = [torch.tensor(names[name], requires_grad=True) for name in node.inputs]
    first = TORCH[node.op](len(dy), eps, *inputs).flatten()[0]
    for each, formula in zip(torch.autograd.grad(first, inputs), node.derivatives, strict=True):
        claimed = np.atleast_1d(eval(formula, names)).flatten()[0]
        assert claimed == pytest.approx(each.flatten()[0].item(), rel=1e-9), formula


def test_the_table_names_what_the_staged_form_keeps():
    assert [*(node.name for node in NODES), "eps"] == [field.name for field in fields(StagedValues)]
    named = {f"d{node.name}" for node in NODES} | {part for node in NODES for part in node.parts}
    assert named == {field.name for field in fields(StagedGradients)}


def test_nodes_are_numbered_in_an_order_in_which_they_can_be_computed():
    assert [node.number for node in NODES] == list(range(16))
    assert "".join(node.mark for node in NODES) == "⓪①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮"
    seen = set()
    for node in NODES:
        assert set(node.inputs) <= seen
        assert len(node.inputs) == len(node.backward) == len(node.derivatives)
        seen.add(node.name)


def test_two_values_are_used_twice_and_one_not_at_all():
    assert {node.name: len(consumers(node)) for node in NODES if len(consumers(node)) != 1} == {
        "x": 2,
        "xc": 2,
        "y": 0,
    }
    assert [total for node in NODES if (total := gradient_sum(node))] == [
        "dx = dx_via_xc + dx_via_mu",
        "dxc = dxc_via_x_hat + dxc_via_sq",
    ]


def test_the_letters_are_those_of_the_article():
    used = set(re.findall(r"d\d+[ab]?", " ".join(node.letters for node in NODES)))
    theirs = "d1 d2 d3a d3b d4 d5 d6 d7 d8 d9a d9b d11 d12a d12b d14 d15"
    assert used == set(theirs.split())
