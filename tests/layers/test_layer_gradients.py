"""Both ways back pass PyTorch's checks of first and second derivatives, and equal its own derivatives."""

import pytest
import torch
from beside import assert_close, cotangent
from torch.autograd import gradcheck, gradgradcheck
from torch.nn import functional as F

from bncourse.errors import StateError
from bncourse.layers import SimplifiedNorm, StagedNorm, batch_norm, group_norm, layer_norm, normalise
from bncourse.layers.normalise import shared_axes

FORMS = ["simplified", "staged"]
SHAPES = [(4, 3), (3, 2, 4), (2, 2, 2, 3), (2, 2, 2, 1, 2)]
# Batch, instance, group and layer norm by their axes and by the shape that gamma has beside x.
NORMS = {
    "batch": ((3, 2, 2, 2), (2, 1, 1), (0, 2, 3)),
    "instance": ((2, 2, 3, 2), (2, 1, 1), (2, 3)),
    "group": ((2, 2, 2, 3), (2, 2, 1), (2, 3)),
    "layer": ((3, 2, 3), (2, 3), (1, 2)),
    "layer, no batch": ((2, 3), (2, 3), (0, 1)),
}


def leaf(shape, seed, low=None):
    generator = torch.Generator().manual_seed(seed)
    if low is not None:
        return (torch.rand(shape, generator=generator, dtype=torch.float64) + low).requires_grad_()
    return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()


def inputs(shape, rows):
    return leaf(shape, 0), leaf(rows, 1, low=0.5), leaf(rows, 2)


def check_both(function, tensors):
    assert gradcheck(function, tensors, check_batched_grad=True)
    assert gradgradcheck(function, tensors, check_batched_grad=True)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm_passes_the_checks(shape, form):
    def function(x, gamma, beta):
        return batch_norm(x, None, None, gamma, beta, training=True, eps=0.05, backward=form)

    check_both(function, inputs(shape, shape[1:2]))


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("norm", NORMS)
def test_all_outputs_pass_over_any_axes(norm, form, centred):
    shape, rows, axes = NORMS[norm]

    def function(x, gamma, beta):
        return normalise(x, gamma, beta, axes, eps=0.05, centred=centred, backward=form)[
            : 3 if centred else 1
        ]

    check_both(function, inputs(shape, rows))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("given", ["x", "x and gamma", "x and beta"])
def test_parts_may_be_missing(given, form):
    x, gamma, beta = inputs((3, 4), (4,))
    for axes in ((0,), (1,)):

        def function(x, row, axes=axes):
            parts = (row, None) if given == "x and gamma" else (None, row)
            return normalise(x, *parts, axes, eps=0.05, backward=form)[0]

        if given == "x":
            check_both(lambda x, axes=axes: normalise(x, None, None, axes, eps=0.05, backward=form)[0], (x,))
        else:
            check_both(function, (x, gamma if given == "x and gamma" else beta))


@pytest.mark.parametrize("form", FORMS)
def test_a_loss_may_use_only_the_statistics(form):
    x = leaf((4, 3), 0)
    check_both(lambda x: normalise(x, None, None, (0,), backward=form)[1], (x,))
    check_both(lambda x: normalise(x, None, None, (0,), backward=form)[2], (x,))


def penalty(function, tensors):
    """A loss of the gradient, as in gradient penalties, and all its derivatives."""
    y = function(*tensors)
    gradients = torch.autograd.grad(y, tensors, cotangent(y), create_graph=True)
    loss = sum((gradient**2).sum() for gradient in gradients) + (y * cotangent(y, 1)).sum()
    return torch.autograd.grad(loss, tensors)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", SHAPES)
def test_second_derivatives_equal_those_of_pytorch(shape, form):
    tensors = inputs(shape, shape[1:2])
    mine = penalty(lambda x, g, b: batch_norm(x, None, None, g, b, True, backward=form), tensors)
    theirs = penalty(lambda x, g, b: F.batch_norm(x, None, None, g, b, True), tensors)
    for a, b in zip(mine, theirs, strict=True):
        assert_close(a, b, 1e-9)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("form", FORMS)
def test_gradients_have_the_dtypes_of_their_inputs(form, dtype):
    x, gamma = leaf((8, 3), 0).to(dtype).detach().requires_grad_(), leaf((3,), 1, 0.5).float().detach()
    y, mu, var = normalise(x, gamma.requires_grad_(), None, (0,), backward=form)
    dx, dgamma = torch.autograd.grad(y, (x, gamma), cotangent(y))
    assert (y.dtype, mu.dtype, var.dtype) == (dtype, torch.float32, torch.float32)
    assert (dx.dtype, dgamma.dtype) == (dtype, torch.float32)


def test_the_backward_pass_leaves_everything_alone_and_can_be_run_again():
    x, gamma, beta = inputs((4, 3), (4, 3))  # gamma as large as x: nothing is summed for dgamma
    for form in FORMS:
        y = normalise(x, gamma, beta, (0, 1), backward=form)[0]
        dy = cotangent(y)
        before = [t.detach().clone() for t in (x, gamma, beta, dy)]
        first = torch.autograd.grad(y, (x, gamma, beta), dy, retain_graph=True)
        kept = [t.clone() for t in first]
        second = torch.autograd.grad(y, (x, gamma, beta), dy)
        for now, was in zip((x, gamma, beta, dy, *first, *second), (*before, *kept, *kept), strict=True):
            assert torch.equal(now, was)


def test_beta_may_change_before_the_backward_pass_and_gamma_may_not():
    for row, change in ((1, "gamma"), (2, "beta")):
        tensors = inputs((4, 3), (3,))
        y = batch_norm(tensors[0], None, None, *tensors[1:], training=True)
        with torch.no_grad():
            tensors[row].add_(1)
        if change == "beta":
            y.sum().backward()
        else:
            with pytest.raises(RuntimeError, match="modified by an inplace operation"):
                y.sum().backward()


def test_no_large_array_is_kept_beside_the_input():
    x = torch.randn(64, 32, 8, 8, requires_grad=True)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        batch_norm(x, None, None, torch.ones(32, requires_grad=True), torch.zeros(32), training=True)
    assert [t.data_ptr() for t in kept if t.numel() == x.numel()] == [x.data_ptr()]


@pytest.mark.filterwarnings("ignore:There is a performance drop")  # of addcmul_ under vmap
def test_gradients_of_each_example_by_torch_func():
    x, gamma, beta = (t.detach() for t in inputs((5, 4, 3), (4,)))
    dy = cotangent(x[0])

    def loss(of):
        def one(gamma, beta, example):
            return (of(example[None], 2, gamma, beta)[0] * dy).sum()

        return one

    def by_example(of):
        return torch.func.vmap(torch.func.grad(loss(of), argnums=(0, 1, 2)), (None, None, 0))(gamma, beta, x)

    for a, b in zip(by_example(group_norm), by_example(F.group_norm), strict=True):
        assert_close(a, b, 1e-9)


@pytest.mark.filterwarnings("ignore:There is a performance drop")  # of addcmul_ under vmap
def test_hessians_by_torch_func():
    x, gamma, beta = (t.detach() for t in inputs((2, 3), (3,)))

    def hessian(of):
        return torch.func.jacrev(torch.func.jacrev(lambda x: (of(x, (3,), gamma, beta) ** 3).sum()))(x)

    assert_close(hessian(layer_norm), hessian(F.layer_norm), 1e-9)


def test_the_table_of_axes_and_its_words():
    assert shared_axes("batch", 2) == (0,)
    assert shared_axes("instance", 5) == shared_axes("group", 5) == (2, 3, 4)
    assert shared_axes("layer", 4, trailing=3) == shared_axes("rms", 4, trailing=3) == (1, 2, 3)
    with pytest.raises(StateError) as unknown:
        shared_axes("bacth", 4)
    assert str(unknown.value) == (
        "must hold: norm is one of batch, instance, group, layer, rms; got: 'bacth'; try: \"batch\""
    )


def test_an_unknown_way_back_is_refused():
    with pytest.raises(StateError) as unknown:
        normalise(torch.zeros(2, 2), None, None, (0,), backward="short")
    assert str(unknown.value) == (
        "must hold: backward is one of simplified, staged; got: 'short'; try: \"simplified\""
    )


def test_each_name_stands_for_its_function():
    x = leaf((4, 3), 0)
    for form, function in (("simplified", SimplifiedNorm), ("staged", StagedNorm)):
        node = batch_norm(x, None, None, training=True, backward=form).grad_fn
        assert type(node).__name__ == f"{function.__name__}Backward"
