"""Four ways to write one backward pass: equal to each other, to differences and to PyTorch."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_backward import case, shapes

import bncourse
from bncourse import batchnorm_backward, batchnorm_forward, gradcheck
from bncourse.reference.idioms import (
    nine_step_backward,
    nine_step_forward,
    xc_std_backward,
    xc_std_forward,
)
from bncourse.reference.staged import staged_backward, staged_forward

EPS = st.sampled_from([1e-8, 1e-5, 0.05, 0.5])
FORMS = {
    "simplified": (batchnorm_forward, batchnorm_backward),
    "staged": (staged_forward, staged_backward),
    "nine steps": (nine_step_forward, nine_step_backward),
    "xc and std": (xc_std_forward, xc_std_backward),
}
each_form = pytest.mark.parametrize(("forward", "backward"), FORMS.values(), ids=FORMS)


def by_torch(x, gamma, beta, dy, eps):
    t = [torch.tensor(a, requires_grad=True) for a in (x, gamma, beta)]
    y = torch.nn.functional.batch_norm(t[0], None, None, t[1], t[2], training=True, eps=eps)
    y.backward(torch.tensor(dy))
    return [y.detach().numpy()] + [leaf.grad.numpy() for leaf in t]


def assert_all_forms_agree(x, gamma, beta, dy, eps):
    """To 1e-9, column by column. For dx that is 1e-9 of the terms that cancel in it (N = 2: nearly all)."""
    y, dx, dgamma, dbeta = by_torch(x, gamma, beta, dy, eps)
    inv_std = 1 / np.sqrt(x.var(axis=0) + eps)
    scales = np.abs(y).max(axis=0), np.abs(gamma) * inv_std * np.abs(dy).max(axis=0)
    scales += np.abs(dy).sum(axis=0), np.abs(dy).sum(axis=0)
    for name, (forward, backward) in FORMS.items():
        ours, cache = forward(x, gamma, beta, eps=eps)
        results = (ours, *backward(dy, cache))
        for a, b, scale in zip(results, (y, dx, dgamma, dbeta), scales, strict=True):
            assert a.shape == b.shape
            assert (np.abs(a - b) <= 1e-9 * scale).all(), name


@given(shapes, EPS)
def test_all_forms_and_pytorch_agree(shape, eps):
    assert_all_forms_agree(*case(*shape), eps)


@pytest.mark.parametrize("N", [128, 1000])
def test_all_forms_and_pytorch_agree_on_a_larger_batch(N):
    assert_all_forms_agree(*case(N, 16, seed=1), eps=1e-5)


@each_form
@settings(max_examples=15, deadline=None)
@given(shapes, EPS.filter(lambda eps: eps > 1e-6))
def test_a_form_equals_numerical_gradients(forward, backward, shape, eps):
    x, gamma, beta, _ = case(*shape)
    x = x / np.abs(x - x.mean(axis=0)).max() * 3  # the step 1e-5 must be small beside the spread

    def of_inputs(x, gamma, beta):
        return forward(x, gamma, beta, eps=eps)

    result = gradcheck(of_inputs, backward, (x, gamma, beta), rtol=1e-5, atol=1e-6)
    assert result, str(result)


@each_form
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_goes_in_comes_out(forward, backward, dtype):
    x, gamma, beta, dy = (a.astype(dtype) for a in case(64, 4, seed=3))
    y, cache = forward(x, gamma, beta)
    dx, dgamma, dbeta = backward(dy, cache)
    assert [a.dtype for a in (y, dx, dgamma, dbeta)] == [dtype] * 4
    assert [a.shape for a in (y, dx, dgamma, dbeta)] == [(64, 4), (64, 4), (4,), (4,)]
    right = by_torch(*(a.astype(np.float64) for a in (x, gamma, beta, dy)), 1e-5)
    for a, b in zip((y, dx, dgamma, dbeta), right, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3 * np.abs(b).max())


@each_form
def test_inputs_are_left_alone(forward, backward):
    inputs = case(6, 3, seed=4)
    before = [a.copy() for a in inputs]
    _, cache = forward(*inputs[:3])
    first, second = backward(inputs[3], cache), backward(inputs[3], cache)
    for now, then in zip((*inputs, *first), (*before, *second), strict=True):
        np.testing.assert_array_equal(now, then)


GOOD = {"x": np.ones((4, 2)), "gamma": np.ones(2), "beta": np.zeros(2), "eps": 1e-5}


@pytest.mark.usefixtures("as_a_reader")
@each_form
@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (
            {"x": np.ones(4)},
            "must hold: x has two axes, (N examples, D features); got: shape (4,); "
            "try: x[:, None] for one feature, x.reshape(len(x), -1) for more than two axes",
        ),
        (
            {"x": np.ones((1, 2))},
            "must hold: a training batch has at least two examples; got: shape (1, 2); "
            "try: a larger batch, or batchnorm_inference with running statistics",
        ),
        (
            {"gamma": np.ones(3)},
            "must hold: gamma has one value a feature, shape (2,); got: shape (3,); try: np.ones(2)",
        ),
        ({"eps": 0.0}, "must hold: eps is a positive number; got: eps = 0.0; try: eps=1e-5"),
    ],
)
def test_an_input_that_cannot_be_right_is_refused(forward, backward, wrong, text):
    arguments = GOOD | wrong
    with pytest.raises(bncourse.errors.BncourseError) as caught:
        forward(arguments["x"], arguments["gamma"], arguments["beta"], eps=arguments["eps"])
    assert str(caught.value) == text


@pytest.mark.usefixtures("as_a_reader")
@each_form
def test_a_dy_that_does_not_fit_is_refused(forward, backward):
    _, cache = forward(**GOOD)
    with pytest.raises(bncourse.ShapeError) as caught:
        backward(np.ones((3, 2)), cache)
    assert str(caught.value) == (
        "must hold: dy has the shape of y, (4, 2); got: shape (3, 2); try: np.ones_like(y)"
    )
