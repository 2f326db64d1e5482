"""Wrong merges that no code names: the checker has to say that it does not know."""

import numpy as np

from corpus.registry import program


@program(check="merge_stats", code="outside")
def squared_counts(na, ma, va, nb, mb, vb):
    p = na**2 / (na**2 + nb**2)
    q = 1 - p
    return na + nb, p * ma + q * mb, p * va + q * vb + p * q * (ma - mb) ** 2


@program(check="merge_stats", code="outside")
def inverse_variance_weights(na, ma, va, nb, mb, vb):
    # meta-analysis
    wa, wb = 1 / (va + 1e-6), 1 / (vb + 1e-6)
    return na + nb, (wa * ma + wb * mb) / (wa + wb), 1 / (wa + wb)


@program(check="merge_stats", code="outside")
def moving_average(na, ma, va, nb, mb, vb):
    momentum = 0.9
    mean = momentum * ma + (1 - momentum) * mb
    var = momentum * va + (1 - momentum) * vb
    return na + nb, mean, var


@program(check="merge_stats", code="outside")
def larger_of_the_two(na, ma, va, nb, mb, vb):
    n = na + nb
    return n, (na * ma + nb * mb) / n, np.maximum(va, vb)


@program(check="merge_stats", code="outside")
def difference_of_the_squares(na, ma, va, nb, mb, vb):
    n = na + nb
    p, q = na / n, nb / n
    between = p * q * np.abs(ma**2 - mb**2)
    return n, p * ma + q * mb, p * va + q * vb + between


@program(check="merge_stats", code="outside")
def fourth_power(na, ma, va, nb, mb, vb):
    n = na + nb
    d2 = (mb - ma) ** 2
    return n, ma + (mb - ma) * nb / n, (na * va + nb * vb + na * nb / n * d2**2) / n


@program(check="merge_stats", code="outside")
def geometric_mean(na, ma, va, nb, mb, vb):
    n = na + nb
    var = np.exp((na * np.log(va + 1e-12) + nb * np.log(vb + 1e-12)) / n)
    return n, (na * ma + nb * mb) / n, var


@program(check="merge_stats", code="outside")
def features_rolled(na, ma, va, nb, mb, vb):
    n = na + nb
    mb, vb = np.roll(mb, 1), np.roll(vb, 1)
    mean = (na * ma + nb * mb) / n
    return n, mean, (na * (va + (ma - mean) ** 2) + nb * (vb + (mb - mean) ** 2)) / n
