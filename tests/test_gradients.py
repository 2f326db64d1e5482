"""The gradient check itself: what it accepts, what it rejects, and what it says."""

import numpy as np
import pytest

import bncourse
from bncourse import gradcheck, numerical_gradient

X = np.random.default_rng(0).normal(1, 2, (4, 3))


def test_a_known_gradient_of_a_number():
    np.testing.assert_allclose(numerical_gradient(lambda x: np.sin(x).sum(), X), np.cos(X), atol=1e-9)


def test_a_known_gradient_with_a_cotangent():
    dy = np.random.default_rng(1).normal(1, 1, (4, 2))
    A = np.arange(6.0).reshape(3, 2)
    np.testing.assert_allclose(numerical_gradient(lambda x: x @ A, X, dy), dy @ A.T, atol=1e-8)


def test_the_point_is_left_alone_and_integers_and_scalars_work():
    x = X.copy()
    numerical_gradient(lambda x: (x**2).sum(), x)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_allclose(
        numerical_gradient(lambda x: (x**2).sum(), np.array([2, 3])), [4, 6], atol=1e-8
    )
    np.testing.assert_allclose(numerical_gradient(lambda x: x**3, np.array(2.0)), 12, atol=1e-8)


def test_fn_may_change_its_argument_without_spoiling_the_answer():
    def rude(x):
        x *= x
        return x.sum()

    np.testing.assert_allclose(numerical_gradient(rude, np.array([1.0, 3.0])), [2, 6], atol=1e-8)


def square(x, w):
    return w * x**2, (x, w)


def square_backward(dy, cache):
    x, w = cache
    return 2 * w * x * dy, (x**2 * dy).sum(axis=0)


W = np.array([0.5, -1.0, 2.0])


def test_a_right_backward_passes_and_says_so():
    result = gradcheck(square, square_backward, (X, W))
    assert result
    assert str(result).startswith("every gradient agrees; largest relative error ")
    assert all(error < 1e-8 for error in result.errors)


def test_a_wrong_entry_is_named():
    def wrong(dy, cache):
        dx, dw = square_backward(dy, cache)
        dx[2, 1] += 3.0
        return dx, dw

    result = gradcheck(square, wrong, (X, W))
    assert not result
    assert result.worst == (0, (2, 1))
    assert result.backward - result.numerical == pytest.approx(3.0, abs=1e-6)
    assert str(result) == (
        f"gradients differ; relative error {result.errors[0]:.1e}; worst at input 0, index (2, 1): "
        f"backward {result.backward:.6g}, numerical {result.numerical:.6g}"
    )


@pytest.mark.parametrize("scale", [1 + 1e-5, -1, 0, 0.5])
def test_a_small_slip_in_one_gradient_is_enough(scale):
    def wrong(dy, cache):
        dx, dw = square_backward(dy, cache)
        return dx, dw * scale

    result = gradcheck(square, wrong, (X, W))
    assert not result
    assert result.worst[0] == 1


def test_nan_never_passes():
    result = gradcheck(
        square, lambda dy, cache: (np.full_like(X, np.nan), square_backward(dy, cache)[1]), (X, W)
    )
    assert not result


def test_a_pass_that_writes_into_what_it_is_given_fails_and_is_told_so():
    def in_place(x, w):
        value = x.copy()
        x *= 2
        w += 1
        return w * value**2 - value**2, (value, w - 1)

    def backward_in_place(dy, cache):
        gradients = square_backward(dy, cache)
        dy *= 2
        return gradients

    result = gradcheck(in_place, square_backward, (X, W))
    assert not result
    assert result.changed == ("input 0", "input 1")
    assert max(result.errors) < 1e-8  # the numbers are right
    assert str(result) == "changed in place: input 0, input 1; a pass leaves what it is given as it was"
    assert gradcheck(square, backward_in_place, (X, W)).changed == ("dy",)
    assert gradcheck(square, square_backward, (X, W)).changed == ()


def test_the_cotangent_sees_what_ones_would_not():
    """Statistics treated as constants: a dy of ones cannot tell (dx is 0 for both), this check can."""

    def no_mean_path(dy, cache):
        dx, dgamma, dbeta = bncourse.batchnorm_backward(dy, cache)
        return dx + cache.gamma * cache.inv_std * dy.mean(axis=0), dgamma, dbeta

    inputs = (X, W, np.zeros(3))
    assert gradcheck(bncourse.batchnorm_forward, bncourse.batchnorm_backward, inputs)
    assert not gradcheck(bncourse.batchnorm_forward, no_mean_path, inputs)


@pytest.mark.usefixtures("as_a_reader")
@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: numerical_gradient(lambda x: x, X, h=0),
            "must hold: h is a positive number; got: h = 0; try: h=1e-5",
        ),
        (
            lambda: numerical_gradient(lambda x: x, X),
            "must hold: dy has the shape of fn(x), (4, 3); got: shape (); try: dy=np.ones_like(fn(x))",
        ),
        (
            lambda: numerical_gradient(lambda x: x, X, np.ones(3)),
            "must hold: dy has the shape of fn(x), (4, 3); got: shape (3,); try: dy.reshape((4, 3))",
        ),
        (
            lambda: numerical_gradient(lambda x: x.sum(), X * 1j),
            "must hold: x is real; got: dtype complex128; try: x.real",
        ),
        (
            lambda: gradcheck(square, lambda dy, cache: (dy,), (X, W)),
            "must hold: backward returns one gradient an input, 2; got: 1; try: return dx, dgamma, dbeta",
        ),
        (
            lambda: gradcheck(square, lambda dy, cache: (dy, dy), (X, W)),
            "must hold: gradient 1 has the shape of its input, (3,); got: shape (4, 3); "
            "try: a sum over the batch axis for gamma and beta",
        ),
    ],
)
def test_a_call_that_cannot_be_right_says_why(call, text):
    with pytest.raises(bncourse.BncourseError) as caught:
        call()
    assert str(caught.value) == text
