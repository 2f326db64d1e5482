"""Wrong merges: the term between the two means, and N - 1."""

import math

import numpy as np

from corpus.registry import program


def _mean(na, ma, nb, mb):
    """The merged mean, right: several of the programs get only the variance wrong."""
    return (na * ma + nb * mb) / (na + nb)


# --- merging.no-between


@program(check="merge_stats", code="merging.no-between")
def weighted_variance_only(count_a, mean_a, var_a, count_b, mean_b, var_b):
    n = count_a + count_b
    mean = (count_a * mean_a + count_b * mean_b) / n
    var = (count_a * var_a + count_b * var_b) / n
    return n, mean, var


@program(check="merge_stats", code="merging.no-between")
def same_formula_for_both(na, ma, va, nb, mb, vb):
    def weighted(p, q):
        return np.average(np.vstack([p, q]), axis=0, weights=[na, nb])

    return na + nb, weighted(ma, mb), weighted(va, vb)


@program(check="merge_stats", code="merging.no-between")
def sums_of_squares_added(na, ma, va, nb, mb, vb):
    # SS_total = SS_a + SS_b
    N = na + nb
    mean = ma + (nb / N) * (mb - ma)
    ss_a, ss_b = na * va, nb * vb
    return N, mean, (ss_a + ss_b) / N


# --- merging.between-no-square


@program(check="merge_stats", code="merging.between-no-square")
def delta_to_the_first(count_a, mean_a, var_a, count_b, mean_b, var_b):
    n = count_a + count_b
    delta = mean_b - mean_a
    mean = mean_a + delta * count_b / n
    M2 = count_a * var_a + count_b * var_b + delta * count_a * count_b / n
    return n, mean, M2 / n


@program(check="merge_stats", code="merging.between-no-square")
def shares_times_distance(na, ma, va, nb, mb, vb):
    p, q = na / (na + nb), nb / (na + nb)
    abstand = mb - ma
    return na + nb, p * ma + q * mb, p * va + q * vb + p * q * abstand


@program(check="merge_stats", code="merging.between-no-square")
def feature_loop_forgets_the_power(na, ma, va, nb, mb, vb):
    N = na + nb
    var = np.zeros(len(va))
    for i in range(len(va)):
        var[i] = (na * va[i] + nb * vb[i]) / N
        var[i] += (mb[i] - ma[i]) * na * nb / (N * N)
    return N, _mean(na, ma, nb, mb), var


@program(check="merge_stats", code="merging.between-no-square")
def absolute_distance(na, ma, va, nb, mb, vb):
    n = na + nb
    within = (na * va + nb * vb) / n
    between = np.abs(ma - mb) * na * nb / n**2
    return n, _mean(na, ma, nb, mb), within + between


# --- merging.between-one-share


@program(check="merge_stats", code="merging.between-one-share")
def chan_term_after_the_division(count_a, mean_a, var_a, count_b, mean_b, var_b):
    n = count_a + count_b
    delta = mean_b - mean_a
    mean = mean_a + delta * count_b / n
    var = (count_a * var_a + count_b * var_b) / n + delta**2 * count_a * count_b / n
    return n, mean, var


@program(check="merge_stats", code="merging.between-one-share")
def m2_term_not_divided(na, ma, va, nb, mb, vb):
    N = na + nb
    M2 = na * va + nb * vb
    M2 = M2 + na * nb * (mb - ma) ** 2
    return N, _mean(na, ma, nb, mb), M2 / N


@program(check="merge_stats", code="merging.between-one-share")
def harmonic_weight(na, ma, va, nb, mb, vb):
    # peso armonico dei due conteggi
    w = 1 / (1 / na + 1 / nb)
    n = na + nb
    var = np.average([va, vb], axis=0, weights=[na, nb])
    return n, _mean(na, ma, nb, mb), var + w * np.square(ma - mb)


# --- merging.between-sign


@program(check="merge_stats", code="merging.between-sign")
def between_subtracted(count_a, mean_a, var_a, count_b, mean_b, var_b):
    n = count_a + count_b
    pa, pb = count_a / n, count_b / n
    mean = pa * mean_a + pb * mean_b
    var = pa * var_a + pb * var_b - pa * pb * (mean_a - mean_b) ** 2
    return n, mean, var


@program(check="merge_stats", code="merging.between-sign")
def koenig_other_way_round(na, ma, va, nb, mb, vb):
    N = na + nb
    mean = _mean(na, ma, nb, mb)
    mean_of_squares = (na * ma**2 + nb * mb**2) / N
    within = (na * va + nb * vb) / N
    return N, mean, within + (mean**2 - mean_of_squares)


@program(check="merge_stats", code="merging.between-sign")
def removes_the_shift(na, ma, va, nb, mb, vb):
    N = na + nb
    M2 = na * va + nb * vb
    M2 -= (mb - ma) ** 2 * na * nb / N  # 平均のずれを取り除く
    return N, _mean(na, ma, nb, mb), M2 / N


# --- merging.std-merged


@program(check="merge_stats", code="merging.std-merged")
def weighted_std_squared(count_a, mean_a, var_a, count_b, mean_b, var_b):
    n = count_a + count_b
    mean = (count_a * mean_a + count_b * mean_b) / n
    std = (count_a * np.sqrt(var_a) + count_b * np.sqrt(var_b)) / n
    delta = mean_b - mean_a
    return n, mean, std**2 + delta**2 * count_a * count_b / n**2


@program(check="merge_stats", code="merging.std-merged")
def std_in_the_within_term(na, ma, va, nb, mb, vb):
    n = na + nb
    p, q = na / n, nb / n
    sigma = p * va**0.5 + q * vb**0.5
    between = p * q * (ma - mb) ** 2
    return n, p * ma + q * mb, sigma**2 + between


@program(check="merge_stats", code="merging.std-merged")
def std_loop(na, ma, va, nb, mb, vb):
    n = na + nb
    mu = _mean(na, ma, nb, mb)
    var = []
    for d in range(len(mu)):
        s = math.sqrt(va[d]) * na / n + math.sqrt(vb[d]) * nb / n
        apart = (na * (ma[d] - mu[d]) ** 2 + nb * (mb[d] - mu[d]) ** 2) / n
        var.append(s * s + apart)
    return n, mu, np.array(var)


# --- merging.about-old-mean


@program(check="merge_stats", code="merging.about-old-mean")
def second_moment_about_mean_a(count_a, mean_a, var_a, count_b, mean_b, var_b):
    n = count_a + count_b
    mean = (count_a * mean_a + count_b * mean_b) / n
    M2 = count_a * var_a + count_b * (var_b + (mean_b - mean_a) ** 2)
    return n, mean, M2 / n


@program(check="merge_stats", code="merging.about-old-mean")
def variance_before_the_mean_moves(n, mean, var, m, batch_mean, batch_var):
    total = n + m
    ss = n * var + n * (mean - mean) ** 2
    ss = ss + m * batch_var + m * (batch_mean - mean) ** 2
    var = ss / total
    mean = (n * mean + m * batch_mean) / total
    return total, mean, var


@program(check="merge_stats", code="merging.about-old-mean")
def welford_with_one_delta(na, ma, va, nb, mb, vb):
    # Welford: delta * delta2, but delta2 is taken before the update
    N = na + nb
    delta = mb - ma
    delta2 = mb - ma
    mean = ma + delta * (nb / N)
    M2 = va * na + vb * nb + delta * delta2 * nb
    return N, mean, M2 / N


# --- merging.bessel-in


@program(check="merge_stats", code="merging.bessel-in")
def inputs_unbiased(count_a, mean_a, var_a, count_b, mean_b, var_b):
    n = count_a + count_b
    delta = mean_b - mean_a
    mean = mean_a + delta * count_b / n
    m_a = var_a * (count_a - 1)
    m_b = var_b * (count_b - 1)
    M2 = m_a + m_b + delta**2 * count_a * count_b / n
    return n, mean, M2 / n


@program(check="merge_stats", code="merging.bessel-in")
def degrees_of_freedom_inside(na, ma, va, nb, mb, vb):
    N = na + nb
    mu = _mean(na, ma, nb, mb)
    ss = (na - 1) * va + (nb - 1) * vb + na * (ma - mu) ** 2 + nb * (mb - mu) ** 2
    return N, mu, ss / N


@program(check="merge_stats", code="merging.bessel-in")
def squares_from_unbiased(na, ma, va, nb, mb, vb):
    def sum_sq(n, m, v):
        return v * (n - 1) + n * m * m

    N = na + nb
    mean = (na * ma + nb * mb) / N
    return N, mean, (sum_sq(na, ma, va) + sum_sq(nb, mb, vb)) / N - mean**2


# --- merging.bessel-out


@program(check="merge_stats", code="merging.bessel-out")
def divided_by_n_minus_one(count_a, mean_a, var_a, count_b, mean_b, var_b):
    n = count_a + count_b
    delta = mean_b - mean_a
    M2 = count_a * var_a + count_b * var_b + delta**2 * count_a * count_b / n
    return n, mean_a + delta * count_b / n, M2 / (n - 1)


@program(check="merge_stats", code="merging.bessel-out")
def unbiased_at_the_end(na, ma, va, nb, mb, vb):
    n = na + nb
    p, q = na / n, nb / n
    var = p * va + q * vb + p * q * (mb - ma) ** 2
    var *= n / (n - 1)  # unverzerrt
    return n, p * ma + q * mb, var


@program(check="merge_stats", code="merging.bessel-out")
def about_the_new_mean_ddof(na, ma, va, nb, mb, vb, ddof=1):
    mu = _mean(na, ma, nb, mb)
    total = 0
    for n, m, v in [(na, ma, va), (nb, mb, vb)]:
        total = total + n * (v + (m - mu) ** 2)
    return na + nb, mu, total / (na + nb - ddof)


# --- merging.bessel-both


@program(check="merge_stats", code="merging.bessel-both")
def chan_for_sample_variance(count_a, mean_a, var_a, count_b, mean_b, var_b):
    n = count_a + count_b
    delta = mean_b - mean_a
    M2 = (count_a - 1) * var_a + (count_b - 1) * var_b + delta**2 * count_a * count_b / n
    return n, mean_a + count_b / n * delta, M2 / (n - 1)


@program(check="merge_stats", code="merging.bessel-both")
def ddof_everywhere(na, ma, va, nb, mb, vb):
    ddof = 1
    N = na + nb
    mu = _mean(na, ma, nb, mb)
    between = na * (ma - mu) ** 2 + nb * (mb - mu) ** 2
    within = va * (na - ddof) + vb * (nb - ddof)
    return N, mu, (within + between) / (N - ddof)


@program(check="merge_stats", code="merging.bessel-both")
def wikipedia_parallel(n_a, avg_a, v_a, n_b, avg_b, v_b):
    n = n_a + n_b
    delta = avg_b - avg_a
    M2 = v_a * (n_a - 1) + v_b * (n_b - 1) + delta * delta * n_a * n_b / n
    var_ab = M2 / (n - 1)
    return n, (n_a * avg_a + n_b * avg_b) / n, var_ab


# --- merging.pooled-unbiased


@program(check="merge_stats", code="merging.pooled-unbiased")
def pooled_variance(count_a, mean_a, var_a, count_b, mean_b, var_b):
    n = count_a + count_b
    mean = (count_a * mean_a + count_b * mean_b) / n
    var = ((count_a - 1) * var_a + (count_b - 1) * var_b) / (n - 2)
    return n, mean, var


@program(check="merge_stats", code="merging.pooled-unbiased")
def t_test_habit(na, ma, va, nb, mb, vb):
    dof = [na - 1, nb - 1]
    sp2 = np.average([va, vb], axis=0, weights=dof)
    return na + nb, np.average([ma, mb], axis=0, weights=[na, nb]), sp2


@program(check="merge_stats", code="merging.pooled-unbiased")
def pooled_by_feature(na, ma, va, nb, mb, vb):
    N = na + nb
    合并 = np.empty_like(va, dtype=float)
    for j in range(va.size):
        合并[j] = ((na - 1) * va[j] + (nb - 1) * vb[j]) / (na + nb - 2)
    return N, _mean(na, ma, nb, mb), 合并
