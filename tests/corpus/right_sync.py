"""Right backward passes over workers, of every kind that must be accepted."""

from functools import reduce

import numpy as np

from corpus.registry import program


@program(check="syncbn_backward", code=None)
def sums_then_local_lines(dys, caches):
    dbeta = sum(dy.sum(axis=0) for dy in dys)
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True))
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        N = c.count
        dxs.append(c.gamma * c.inv_std / N * (N * dy - dbeta - c.x_hat * dgamma))
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code=None)
def one_big_batch(dys, caches):
    borders = np.cumsum([len(dy) for dy in dys])[:-1]
    dy = np.concatenate(dys)
    xh = np.concatenate([c.x_hat for c in caches])
    gamma, inv_std = caches[0].gamma, caches[0].inv_std
    g = dy * gamma
    dx = inv_std * (g - g.mean(0) - xh * (g * xh).mean(0))
    return np.split(dx, borders), (dy * xh).sum(0), dy.sum(0)


@program(check="syncbn_backward", code=None)
def all_reduce_helper(dys, caches):
    def all_reduce(values):  # ReduceOp.SUM
        return reduce(np.add, values)

    stats = [np.stack([dy.sum(0), (dy * c.x_hat).sum(0)]) for dy, c in zip(dys, caches, strict=True)]
    sum_dy, sum_dy_xhat = all_reduce(stats)
    n = all_reduce([len(dy) for dy in dys])
    dxs = [
        (dy - sum_dy / n - c.x_hat * sum_dy_xhat / n) * c.inv_std * c.gamma
        for dy, c in zip(dys, caches, strict=True)
    ]
    return dxs, sum_dy_xhat, sum_dy


@program(check="syncbn_backward", code=None)
def weighted_means_of_workers(dys, caches):
    w = np.array([len(dy) for dy in dys], dtype=float)
    mean_dy = np.average([dy.mean(0) for dy in dys], axis=0, weights=w)
    mean_dot = np.average(
        [(dy * c.x_hat).mean(0) for dy, c in zip(dys, caches, strict=True)], axis=0, weights=w
    )
    dxs = [
        c.gamma * c.inv_std * (dy - mean_dy - c.x_hat * mean_dot) for dy, c in zip(dys, caches, strict=True)
    ]
    return dxs, mean_dot * w.sum(), mean_dy * w.sum()


@program(check="syncbn_backward", code=None)
def staged_over_workers(dys, caches):
    N = caches[0].count
    pairs = list(zip(dys, caches, strict=True))
    std = 1 / caches[0].inv_std
    dxhats = [dy * c.gamma for dy, c in pairs]
    xmus = [c.x_hat * std for c in caches]
    dvar = sum(-0.5 * (t * m).sum(0) for t, m in zip(dxhats, xmus, strict=True)) / std**3
    dmu = sum(-(t / std).sum(0) for t in dxhats)
    dmu = dmu + dvar * -2 * sum(m.sum(0) for m in xmus) / N
    dxs = [t / std + 2 * m * dvar / N + dmu / N for t, m in zip(dxhats, xmus, strict=True)]
    return dxs, sum((dy * c.x_hat).sum(0) for dy, c in pairs), sum(dy.sum(0) for dy in dys)


@program(check="syncbn_backward", code=None)
def one_number_at_a_time(dys, caches):
    D = dys[0].shape[1]
    dgamma, dbeta = np.zeros(D), np.zeros(D)
    for dy, c in zip(dys, caches, strict=True):
        for n in range(dy.shape[0]):
            for d in range(D):
                dgamma[d] += dy[n, d] * c.x_hat[n, d]
                dbeta[d] += dy[n, d]
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        dx = np.zeros(dy.shape)
        for n in range(dy.shape[0]):
            for d in range(D):
                k = dy[n, d] - dbeta[d] / c.count - c.x_hat[n, d] * dgamma[d] / c.count
                dx[n, d] = c.gamma[d] * c.inv_std[d] * k
        dxs.append(dx)
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code=None)
def projection_of_each_feature(dys, caches):
    n = caches[0].count
    G, X = np.vstack(dys), np.vstack([c.x_hat for c in caches])
    dX = np.empty(G.shape)
    for d in range(G.shape[1]):
        v = X[:, d]
        P = np.eye(n) - np.ones((n, n)) / n - np.outer(v, v) / n
        dX[:, d] = P @ G[:, d] * caches[0].gamma[d] * caches[0].inv_std[d]
    out, i = [], 0
    for dy in dys:
        out.append(dX[i : i + len(dy)].copy())
        i += len(dy)
    return out, np.einsum("nd,nd->d", G, X), G.sum(0)


@program(check="syncbn_backward", code=None)
def two_directions_taken_away(dys, caches):
    # 합쳐서, 특징마다 1과 x_hat 방향을 뺀다
    N = caches[0].count
    rows = [len(dy) for dy in dys]
    G, X = np.vstack(dys), np.vstack([c.x_hat for c in caches])
    ones = np.ones((N, 1))
    dX = G - ones @ (ones.T @ G) / N - X * ((X * G).sum(0) / N)
    dX = dX @ np.diag(caches[0].gamma * caches[0].inv_std)
    return [dX[sum(rows[:k]) : sum(rows[: k + 1])] for k in range(len(rows))], (X * G).sum(0), G.sum(0)


@program(check="syncbn_backward", code=None)
def generators_and_a_tuple(dys, caches):
    dgamma, dbeta = 0.0, 0.0
    for rank, dy in enumerate(dys):
        dgamma = dgamma + np.einsum("nd,nd->d", dy, caches[rank].x_hat)
        dbeta = dbeta + np.einsum("nd->d", dy)

    def local(dy, c):
        a = c.gamma * c.inv_std
        b = a * dbeta / c.count
        s = a * dgamma / c.count
        return a * dy - b - s * c.x_hat

    return list(map(local, dys, caches)), dgamma, dbeta


@program(check="syncbn_backward", code=None)
def every_worker_asks_the_others(dys, caches):
    W = len(dys)
    dxs = []
    for me in range(W):
        total_dy, total_dot, total_n = 0, 0, 0
        for other in range(W):
            total_n += dys[other].shape[0]
            total_dy = total_dy + dys[other].sum(0)
            total_dot = total_dot + np.diag(dys[other].T @ caches[other].x_hat)
        c = caches[me]
        dxs.append((dys[me] - (total_dy + c.x_hat * total_dot) / total_n) * (c.gamma * c.inv_std))
    return dxs, total_dot, total_dy


@program(check="syncbn_backward", code=None)
def gamma_pulled_through_the_sums(dys, caches):
    g = [dy * c.gamma for dy, c in zip(dys, caches, strict=True)]
    S = np.sum([t.sum(0) for t in g], axis=0)
    Sx = np.sum([(t * c.x_hat).sum(0) for t, c in zip(g, caches, strict=True)], axis=0)
    m = caches[-1].count
    dxs = [(t - S / m - c.x_hat * Sx / m) * c.inv_std for t, c in zip(g, caches, strict=True)]
    dgamma = np.sum([np.sum(dy * c.x_hat, 0) for dy, c in zip(dys, caches, strict=True)], axis=0)
    return dxs, dgamma, np.sum([np.sum(dy, 0) for dy in dys], axis=0)
