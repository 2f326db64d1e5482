"""Right merges of counts, means and variances, of every kind that must be accepted."""

import math
from fractions import Fraction
from functools import reduce

import numpy as np

from corpus.registry import program


@program(check="merge_stats", code=None)
def chan(count_a, mean_a, var_a, count_b, mean_b, var_b):
    n = count_a + count_b
    delta = mean_b - mean_a
    mean = mean_a + delta * count_b / n
    M2 = count_a * var_a + count_b * var_b + delta**2 * count_a * count_b / n
    return n, mean, M2 / n


@program(check="merge_stats", code=None)
def total_variance(na, ma, va, nb, mb, vb):
    p, q = na / (na + nb), nb / (na + nb)
    m = p * ma + q * mb
    return na + nb, m, p * (va + (ma - m) ** 2) + q * (vb + (mb - m) ** 2)


@program(check="merge_stats", code=None)
def raw_moments(na, ma, va, nb, mb, vb):
    n = na + nb
    s1 = na * ma + nb * mb
    s2 = na * (va + ma**2) + nb * (vb + mb**2)
    return n, s1 / n, s2 / n - (s1 / n) ** 2


@program(check="merge_stats", code=None)
def averages_with_weights(na, ma, va, nb, mb, vb):
    w = [na, nb]
    mean = np.average([ma, mb], axis=0, weights=w)
    within = np.average([va, vb], axis=0, weights=w)
    between = np.average(np.square([ma - mean, mb - mean]), axis=0, weights=w)
    return sum(w), mean, within + between


@program(check="merge_stats", code=None)
def made_up_examples(na, ma, va, nb, mb, vb):
    """Two examples a side, weighted, have the mean and the variance of the side."""
    points = np.stack([ma - np.sqrt(va), ma + np.sqrt(va), mb - np.sqrt(vb), mb + np.sqrt(vb)])
    w = np.array([na, na, nb, nb]) / (2 * (na + nb))
    mean = w @ points
    return na + nb, mean, w @ (points - mean) ** 2


@program(check="merge_stats", code=None)
def feature_by_feature(na, ma, va, nb, mb, vb):
    n = na + nb
    mean, var = [], []
    for a, s, b, t in zip(ma.tolist(), va.tolist(), mb.tolist(), vb.tolist(), strict=True):
        m = math.fsum([na * a, nb * b]) / n
        mean.append(m)
        var.append(math.fsum([na * s, nb * t, na * (a - m) ** 2, nb * (b - m) ** 2]) / n)
    return n, np.array(mean), np.array(var)


@program(check="merge_stats", code=None)
def reduce_over_a_list(na, ma, va, nb, mb, vb):
    def plus(s, t):
        return tuple(u + v for u, v in zip(s, t, strict=True))

    parts = [(n, n * m, n * (v + m * m)) for n, m, v in [(na, ma, va), (nb, mb, vb)]]
    n, s1, s2 = reduce(plus, parts)
    return n, s1 / n, (s2 - s1 * s1 / n) / n


@program(check="merge_stats", code=None)
def welford_update_by_block(n, mean, var, m, block_mean, block_var):
    N = n + m
    d = block_mean - mean
    new_mean = mean + m / N * d
    # 새 평균과 옛 평균, 둘 다 쓴다
    M2 = n * var + m * block_var + m * d * (block_mean - new_mean)
    return N, new_mean, M2 / N


@program(check="merge_stats", code=None)
def exact_shares(na, ma, va, nb, mb, vb):
    share = Fraction(int(nb), int(na + nb))
    t = float(share)
    mean = (1 - t) * ma + t * mb
    return na + nb, mean, (1 - t) * va + t * vb + float(share * (1 - share)) * (ma - mb) ** 2


@program(check="merge_stats", code=None)
def pythagoras(na, ma, va, nb, mb, vb):
    n = na + nb
    legs = np.stack([np.sqrt(na * va), np.sqrt(nb * vb), np.sqrt(na * nb / n) * np.abs(ma - mb)])
    return n, (na * ma + nb * mb) / n, np.linalg.norm(legs, axis=0) ** 2 / n


@program(check="merge_stats", code=None)
def bessel_and_back(na, ma, va, nb, mb, vb):
    # unbiased inside, biased at the end
    ua, ub = va * na / (na - 1) if na > 1 else va * 0, vb * nb / (nb - 1) if nb > 1 else vb * 0
    n = na + nb
    u = ((na - 1) * ua + (nb - 1) * ub + (ma - mb) ** 2 * na * nb / n) / (n - 1)
    return n, (na * ma + nb * mb) / n, u * (n - 1) / n
