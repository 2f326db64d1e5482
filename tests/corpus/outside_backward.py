"""Wrong backward passes that no code names: the checker has to say that it does not know."""

import numpy as np

from corpus.registry import program


def _right(dy, cache):
    g = dy * cache.gamma
    dx = cache.inv_std * (g - g.mean(axis=0) - cache.x_hat * (g * cache.x_hat).mean(axis=0))
    return dx, (dy * cache.x_hat).sum(axis=0), dy.sum(axis=0)


@program(check="batchnorm_backward", code="outside")
def transposed_then_reshaped(dy, cache):
    dx, dgamma, dbeta = _right(dy, cache)
    return dx.T.reshape(dy.shape), dgamma, dbeta


@program(check="batchnorm_backward", code="outside")
def gamma_cubed_in_dx(dy, cache):
    g = dy * cache.gamma**3
    dx = cache.inv_std * (g - g.mean(0) - cache.x_hat * (g * cache.x_hat).mean(0))
    return dx, (dy * cache.x_hat).sum(0), dy.sum(0)


@program(check="batchnorm_backward", code="outside")
def gradient_clipped(dy, cache):
    dx, dgamma, dbeta = _right(dy, cache)
    return np.clip(dx, -0.1, 0.1), dgamma, dbeta


@program(check="batchnorm_backward", code="outside")
def mean_without_axis(dy, cache):
    g = dy * cache.gamma
    dx = cache.inv_std * (g - g.mean() - cache.x_hat * (g * cache.x_hat).mean(axis=0))
    return dx, (dy * cache.x_hat).sum(0), dy.sum(0)


@program(check="batchnorm_backward", code="outside")
def projection_without_axis(dy, cache):
    g = dy * cache.gamma
    dx = cache.inv_std * (g - g.mean(axis=0) - cache.x_hat * np.mean(g * cache.x_hat))
    return dx, (dy * cache.x_hat).sum(0), dy.sum(0)


@program(check="batchnorm_backward", code="outside")
def means_over_features(dout, cache):
    # layer norm の式
    g = dout * cache.gamma
    a = g.mean(axis=1, keepdims=True)
    b = (g * cache.x_hat).mean(axis=1, keepdims=True)
    return (g - a - cache.x_hat * b) / cache.std, np.sum(dout * cache.x_hat, 0), np.sum(dout, 0)


@program(check="batchnorm_backward", code="outside")
def true_projection_on_x_hat(dy, cache):
    # Gram-Schmidt with the length of x_hat, as if eps were nothing
    g = dy * cache.gamma
    g = g - g.mean(0)
    g = g - cache.x_hat * (g * cache.x_hat).sum(0) / (cache.x_hat**2).sum(0)
    return g / cache.std, (dy * cache.x_hat).sum(0), dy.sum(0)


@program(check="batchnorm_backward", code="outside")
def x_hat_squared_in_variance_term(dy, cache):
    g = dy * cache.gamma
    dx = cache.inv_std * (g - g.mean(0) - cache.x_hat**2 * (g * cache.x_hat).mean(0))
    return dx, (dy * cache.x_hat).sum(0), dy.sum(0)


@program(check="batchnorm_backward", code="outside")
def off_by_one_in_the_batch(dy, cache):
    N, D = dy.shape
    dbeta = np.zeros(D)
    dgamma = np.zeros(D)
    for i in range(1, N):
        dbeta += dy[i]
        dgamma += dy[i] * cache.x_hat[i]
    dx = cache.gamma * cache.inv_std * (dy - dbeta / N - cache.x_hat * dgamma / N)
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code="outside")
def product_in_place_of_sum(dy, cache):
    dx, _, dbeta = _right(dy, cache)
    return dx, np.prod(dy * cache.x_hat, axis=0), dbeta


@program(check="batchnorm_backward", code="outside")
def absolute_dbeta(dy, cache):
    dx, dgamma, _ = _right(dy, cache)
    return dx, dgamma, np.abs(dy).sum(axis=0)


@program(check="batchnorm_backward", code="outside")
def neighbours_x_hat(dy, cache):
    xh = np.roll(cache.x_hat, 1, axis=0)
    g = dy * cache.gamma
    dx = cache.inv_std * (g - g.mean(0) - xh * (g * xh).mean(0))
    return dx, (dy * cache.x_hat).sum(0), dy.sum(0)


@program(check="batchnorm_backward", code="outside")
def median_of_the_gradient(dy, cache):
    g = dy * cache.gamma
    dx = cache.inv_std * (g - np.median(g, axis=0) - cache.x_hat * np.median(g * cache.x_hat, axis=0))
    return dx, (dy * cache.x_hat).sum(0), dy.sum(0)


@program(check="batchnorm_backward", code="outside")
def dx_with_weight_decay(dy, cache):
    dx, dgamma, dbeta = _right(dy, cache)
    return dx + 0.1 * cache.x, dgamma, dbeta


@program(check="batchnorm_backward", code="outside")
def relu_mask_left_in(dout, cache):
    dout = dout * (cache.y > 0)  # from the cell above
    return _right(dout, cache)
