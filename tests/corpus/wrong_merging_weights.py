"""Wrong merges: which count weighs what, and what is left as it was."""

from collections import namedtuple

import numpy as np

from corpus.registry import program

# --- merging.unweighted


@program(check="merge_stats", code="merging.unweighted")
def plain_averages(count_a, mean_a, var_a, count_b, mean_b, var_b):
    count = count_a + count_b
    mean = (mean_a + mean_b) / 2
    var = (var_a + var_b) / 2
    return count, mean, var


@program(check="merge_stats", code="merging.unweighted")
def mean_over_a_stack(na, ma, va, nb, mb, vb):
    means = np.stack([ma, mb])
    variances = np.stack([va, vb])
    return na + nb, means.mean(axis=0), variances.mean(axis=0)


@program(check="merge_stats", code="merging.unweighted")
def ddp_all_reduce(count_a, mean_a, var_a, count_b, mean_b, var_b):
    # dist.all_reduce(t, op=SUM); t /= world_size
    world_size = 2

    def all_reduce(*tensors):
        return sum(tensors) / world_size

    total = sum([count_a, count_b])
    return total, all_reduce(mean_a, mean_b), all_reduce(var_a, var_b)


# --- merging.unweighted-mean


@program(check="merge_stats", code="merging.unweighted-mean")
def mean_halfway(count_a, mean_a, var_a, count_b, mean_b, var_b):
    n = count_a + count_b
    delta = mean_b - mean_a
    m2 = count_a * var_a + count_b * var_b + delta**2 * count_a * count_b / n
    return n, (mean_a + mean_b) / 2, m2 / n


@program(check="merge_stats", code="merging.unweighted-mean")
def shares_for_variance_only(na, ma, va, nb, mb, vb):
    N = na + nb
    pa, pb = na / N, nb / N
    var = pa * va + pb * vb + pa * pb * (ma - mb) ** 2
    mean = np.average([ma, mb], axis=0)
    return N, mean, var


@program(check="merge_stats", code="merging.unweighted-mean")
def second_moments_right(na, ma, va, nb, mb, vb):
    total = na + nb
    mu = (na * ma + nb * mb) / total
    second = (na * (va + ma**2) + nb * (vb + mb**2)) / total
    var = second - mu**2
    return total, 0.5 * ma + 0.5 * mb, var


# --- merging.unweighted-within


@program(check="merge_stats", code="merging.unweighted-within")
def average_variance_plus_between(count_a, mean_a, var_a, count_b, mean_b, var_b):
    count = count_a + count_b
    wa = count_a / count
    wb = count_b / count
    mean = wa * mean_a + wb * mean_b
    var = (var_a + var_b) / 2 + wa * wb * (mean_a - mean_b) ** 2
    return count, mean, var


@program(check="merge_stats", code="merging.unweighted-within")
def law_of_total_variance_half(na, ma, va, nb, mb, vb):
    n = na + nb
    mean = (ma * na + mb * nb) / n
    inside = np.mean([va, vb], axis=0)
    between = (na * (ma - mean) ** 2 + nb * (mb - mean) ** 2) / n
    return n, mean, inside + between


@program(check="merge_stats", code="merging.unweighted-within")
def feature_loop_half(na, ma, va, nb, mb, vb):
    n = na + nb
    media, varianza = [], []
    for j in range(len(ma)):
        d = mb[j] - ma[j]
        media.append(ma[j] + d * nb / n)
        varianza.append(0.5 * va[j] + 0.5 * vb[j] + d * d * na * nb / n**2)
    return n, np.array(media), np.array(varianza)


# --- merging.unweighted-between


@program(check="merge_stats", code="merging.unweighted-between")
def quarter_of_delta_squared(count_a, mean_a, var_a, count_b, mean_b, var_b):
    n = count_a + count_b
    mean = (count_a * mean_a + count_b * mean_b) / n
    var = (count_a * var_a + count_b * var_b) / n + 0.25 * (mean_b - mean_a) ** 2
    return n, mean, var


@program(check="merge_stats", code="merging.unweighted-between")
def variance_of_the_two_means(na, ma, va, nb, mb, vb):
    n = na + nb
    w = np.array([na, nb]) / n
    mean = w @ np.stack([ma, mb])
    within = w @ np.stack([va, vb])
    between = np.var([ma, mb], axis=0)
    return n, mean, within + between


@program(check="merge_stats", code="merging.unweighted-between")
def half_distance(na, ma, va, nb, mb, vb):
    # 두 평균의 중간까지 거리
    half = np.abs(mb - ma) / 2
    N = na + nb
    mean = ma + (mb - ma) * (nb / N)
    M2 = na * va + nb * vb + N * half**2
    return N, mean, M2 / N


# --- merging.shares-exchanged


@program(check="merge_stats", code="merging.shares-exchanged")
def weights_crossed(count_a, mean_a, var_a, count_b, mean_b, var_b):
    n = count_a + count_b
    wa, wb = count_b / n, count_a / n
    mean = wa * mean_a + wb * mean_b
    var = wa * var_a + wb * var_b + wa * wb * (mean_a - mean_b) ** 2
    return n, mean, var


@program(check="merge_stats", code="merging.shares-exchanged")
def unpacked_in_another_order(na, ma, va, nb, mb, vb):
    Stats = namedtuple("Stats", "n mean var")
    a, b = Stats(nb, ma, va), Stats(na, mb, vb)
    n = a.n + b.n
    delta = b.mean - a.mean
    mean = a.mean + delta * b.n / n
    M2 = a.var * a.n + b.var * b.n + delta * delta * a.n * b.n / n
    return n, mean, M2 / n


@program(check="merge_stats", code="merging.shares-exchanged")
def interpolation_from_the_wrong_end(na, ma, va, nb, mb, vb):
    t = na / (na + nb)

    def lerp(p, q):
        return p + t * (q - p)  # t should be the part of q

    return na + nb, lerp(ma, mb), lerp(va, vb) + t * (1 - t) * np.square(mb - ma)


# --- merging.mean-kept


@program(check="merge_stats", code="merging.mean-kept")
def mean_of_a_returned(count_a, mean_a, var_a, count_b, mean_b, var_b):
    n = count_a + count_b
    mean = (count_a * mean_a + count_b * mean_b) / n
    M2 = count_a * (var_a + (mean_a - mean) ** 2) + count_b * (var_b + (mean_b - mean) ** 2)
    return n, mean_a.copy(), M2 / n


@program(check="merge_stats", code="merging.mean-kept")
def update_of_mean_forgotten(n, mean, var, m, batch_mean, batch_var):
    total = n + m
    delta = batch_mean - mean
    var = (n * var + m * batch_var) / total + delta**2 * n * m / total**2
    return total, np.array(mean, dtype=float), var


@program(check="merge_stats", code="merging.mean-kept")
def new_mean_in_a_lost_variable(na, ma, va, nb, mb, vb):
    mean, N = 1.0 * ma, na + nb
    for d in range(len(mean)):
        m = mean[d]
        m += (mb[d] - ma[d]) * nb / N
    var = (na * va + nb * vb + na * nb / N * (ma - mb) ** 2) / N
    return N, mean, var


# --- merging.count-kept


@program(check="merge_stats", code="merging.count-kept")
def count_of_a_returned(count_a, mean_a, var_a, count_b, mean_b, var_b):
    n = count_a + count_b
    pa, pb = count_a / n, count_b / n
    mean = pa * mean_a + pb * mean_b
    var = pa * var_a + pb * var_b + pa * pb * (mean_b - mean_a) ** 2
    return count_a, mean, var


@program(check="merge_stats", code="merging.count-kept")
def chan_without_new_count(n, mean, var, m, batch_mean, batch_var):
    delta = batch_mean - mean
    M2 = var * n + batch_var * m + delta**2 * n * m / (n + m)
    mean = mean + delta * m / (n + m)
    var = M2 / (n + m)
    return n, mean, var


@program(check="merge_stats", code="merging.count-kept")
def moments_and_the_first_count(na, ma, va, nb, mb, vb):
    s1 = na * ma + nb * mb
    s2 = na * (va + ma * ma) + nb * (vb + mb * mb)
    zaehler = na
    nenner = na + nb
    mean = s1 / nenner
    return zaehler, mean, s2 / nenner - mean * mean
