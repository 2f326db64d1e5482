"""The short form as algebra, not as numbers: sympy differentiates the forward pass of three examples."""

import numpy as np
import pytest

from bncourse import batchnorm_backward, batchnorm_forward

sympy = pytest.importorskip("sympy")

N = 3
X = sympy.symbols("x1:4", real=True)
DY = sympy.symbols("dy1:4", real=True)
GAMMA, BETA = sympy.symbols("gamma beta", real=True)
EPS = sympy.Symbol("eps", positive=True)


def mean(terms):
    return sum(terms) / N


MU = mean(X)
INV_STD = 1 / sympy.sqrt(mean([(x - MU) ** 2 for x in X]) + EPS)
X_HAT = [(x - MU) * INV_STD for x in X]
LOSS = sum(dy * (GAMMA * x_hat + BETA) for dy, x_hat in zip(DY, X_HAT, strict=True))


def short_form(i):
    """The formula of the chapter for dx_i."""
    g = [dy * GAMMA for dy in DY]
    return INV_STD * (g[i] - mean(g) - X_HAT[i] * mean([a * b for a, b in zip(g, X_HAT, strict=True)]))


@pytest.mark.parametrize("i", range(N))
def test_the_short_form_is_the_derivative_of_the_forward_pass(i):
    difference = sympy.diff(LOSS, X[i]) - short_form(i)
    assert sympy.simplify(difference) == 0


def test_dgamma_and_dbeta_are_the_derivatives():
    dgamma = sum(dy * x_hat for dy, x_hat in zip(DY, X_HAT, strict=True))
    assert sympy.expand(sympy.diff(LOSS, GAMMA) - dgamma) == 0
    assert sympy.expand(sympy.diff(LOSS, BETA) - sum(DY)) == 0


def test_the_code_computes_the_derivative():
    x, dy = np.array([[0.5], [-1.0], [3.0]]), np.array([[1.0], [2.0], [-0.5]])
    _, cache = batchnorm_forward(x, np.array([-1.5]), np.array([0.25]), eps=0.125)
    numbers = dict(zip((*X, *DY, GAMMA, BETA, EPS), (*x[:, 0], *dy[:, 0], -1.5, 0.25, 0.125), strict=True))
    exact = [float(sympy.diff(LOSS, v).subs(numbers)) for v in (*X, GAMMA, BETA)]
    dx, dgamma, dbeta = batchnorm_backward(dy, cache)
    np.testing.assert_allclose([*dx[:, 0], *dgamma, *dbeta], exact, rtol=1e-12)


def test_without_eps_the_short_form_is_a_projection_with_eigenvalues_0_0_1():
    x_hat = sympy.Matrix([value.subs(EPS, 0) for value in X_HAT])
    ones = sympy.ones(N, 1)
    P = sympy.eye(N) - ones * ones.T / N - x_hat * x_hat.T / N
    zero = sympy.zeros(N, N)
    assert (P * P - P).applyfunc(sympy.simplify) == zero
    assert P.T == P
    assert (P * ones).applyfunc(sympy.simplify) == sympy.zeros(N, 1)
    assert (P * x_hat).applyfunc(sympy.simplify) == sympy.zeros(N, 1)
    # A projection's eigenvalues are 0 and 1, and its trace counts the ones.
    assert sympy.simplify(P.trace()) == 1
    batch = dict(zip(X, (1, 2, 6), strict=True))
    assert P.subs(batch).applyfunc(sympy.nsimplify).eigenvals() == {0: 2, 1: 1}


def test_with_eps_the_direction_of_x_hat_keeps_a_little():
    # P x_hat = eps / (var + eps) * x_hat: eps makes a third eigenvalue that is not quite 0.
    dx = [short_form(i).subs(dict(zip(DY, X_HAT, strict=True))) for i in range(N)]
    for value, x_hat in zip(dx, X_HAT, strict=True):
        assert sympy.simplify(value - GAMMA * INV_STD * x_hat * EPS * INV_STD**2) == 0
