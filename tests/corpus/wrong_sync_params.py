# ruff: noqa: RET503
"""Wrong backward passes over workers: dgamma and dbeta, and whole terms of dx."""

from functools import reduce

import numpy as np

from corpus.registry import program


def _dxs(dys, caches):
    """Every worker's dx, right: several of the programs get only dgamma and dbeta wrong."""
    N = caches[0].count
    g = np.concatenate(dys)
    xh = np.concatenate([c.x_hat for c in caches])
    m, p = g.sum(0) / N, (g * xh).sum(0) / N
    return [c.gamma * c.inv_std * (dy - m - c.x_hat * p) for dy, c in zip(dys, caches, strict=True)]


# --- sync-backward.averaged


@program(check="syncbn_backward", code="sync-backward.averaged")
def ddp_averages_gradients(dys, caches):
    # DDP divides every parameter's gradient by the world size
    world = len(dys)
    dgamma = sum((dy * c.x_hat).sum(0) for dy, c in zip(dys, caches, strict=True)) / world
    dbeta = sum(dy.sum(0) for dy in dys) / world
    return _dxs(dys, caches), dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.averaged")
def mean_over_the_stack(dys, caches):
    dgammas = np.array([np.einsum("nd,nd->d", dy, c.x_hat) for dy, c in zip(dys, caches, strict=True)])
    dbetas = np.array([np.einsum("nd->d", dy) for dy in dys])
    return _dxs(dys, caches), dgammas.mean(axis=0), dbetas.mean(axis=0)


@program(check="syncbn_backward", code="sync-backward.averaged")
def sums_for_dx_then_divided(dys, caches):
    sum_g, sum_b = 0, 0
    for dy, c in zip(dys, caches, strict=True):
        sum_g = sum_g + (dy * c.x_hat).sum(axis=0)
        sum_b = sum_b + dy.sum(axis=0)
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        dxs.append(c.gamma * c.inv_std / c.count * (c.count * dy - sum_b - c.x_hat * sum_g))
    sum_g, sum_b = sum_g / len(caches), sum_b / len(caches)
    return dxs, sum_g, sum_b


# --- sync-backward.dgamma-averaged


@program(check="syncbn_backward", code="sync-backward.dgamma-averaged")
def dgamma_mean_of_workers(dys, caches):
    dgamma = np.mean([(dy * c.x_hat).sum(0) for dy, c in zip(dys, caches, strict=True)], axis=0)
    dbeta = np.sum([dy.sum(0) for dy in dys], axis=0)
    return _dxs(dys, caches), dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.dgamma-averaged")
def dgamma_over_world_size(dys, caches):
    dxs = _dxs(dys, caches)
    dgamma, dbeta = 0.0, 0.0
    for rank in range(len(dys)):
        dgamma = dgamma + np.diag(dys[rank].T @ caches[rank].x_hat) / len(dys)
        dbeta = dbeta + np.ones(len(dys[rank])) @ dys[rank]
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.dgamma-averaged")
def one_of_two_is_averaged(dys, caches):
    # 只对 gamma 的梯度取平均
    def avg(parts):
        return reduce(np.add, parts) / len(parts)

    dgamma = avg([np.sum(dy * c.x_hat, axis=0) for dy, c in zip(dys, caches, strict=True)])
    dbeta = np.vstack(dys).sum(axis=0)
    return _dxs(dys, caches), dgamma, dbeta


# --- sync-backward.dbeta-averaged


@program(check="syncbn_backward", code="sync-backward.dbeta-averaged")
def dbeta_mean_of_workers(dys, caches):
    dgamma = np.sum([(dy * c.x_hat).sum(0) for dy, c in zip(dys, caches, strict=True)], axis=0)
    dbeta = np.mean([dy.sum(0) for dy in dys], axis=0)
    return _dxs(dys, caches), dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.dbeta-averaged")
def dbeta_divided_last(dys, caches):
    xh = np.concatenate([c.x_hat for c in caches])
    dy = np.concatenate(dys)
    dgamma = (dy * xh).sum(0)
    dbeta = dy.sum(0)
    dbeta = dbeta / len(dys)
    return _dxs(dys, caches), dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.dbeta-averaged")
def dbeta_running_mean(dys, caches):
    dgamma, dbeta = 0, 0
    for k, (dy, c) in enumerate(zip(dys, caches, strict=True)):
        dgamma = dgamma + np.einsum("ij,ij->j", dy, c.x_hat)
        dbeta = (k * dbeta + dy.sum(0)) / (k + 1)
    return _dxs(dys, caches), dgamma, dbeta


# --- sync-backward.averaged-in-dx-too


@program(check="syncbn_backward", code="sync-backward.averaged-in-dx-too")
def averaged_first(dys, caches):
    W = len(dys)
    dgamma = sum((dy * c.x_hat).sum(0) for dy, c in zip(dys, caches, strict=True)) / W
    dbeta = sum(dy.sum(0) for dy in dys) / W
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        N = c.count
        dxs.append(c.gamma * c.inv_std / N * (N * dy - dbeta - c.x_hat * dgamma))
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.averaged-in-dx-too")
def horovod_average(dys, caches):
    def allreduce(values):  # hvd.allreduce averages by default
        return np.mean(np.stack(values), axis=0)

    total = sum(len(dy) for dy in dys)
    dbeta = allreduce([dy.sum(axis=0) for dy in dys])
    dgamma = allreduce([(dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True)])
    dxs = [
        (dy - dbeta / total - c.x_hat * (dgamma / total)) * c.gamma * c.inv_std
        for dy, c in zip(dys, caches, strict=True)
    ]
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.averaged-in-dx-too")
def divided_inside_the_loop(dys, caches):
    K = len(caches)
    summe_g, summe_b = np.zeros(caches[0].gamma.size), np.zeros(caches[0].gamma.size)
    for dy, c in zip(dys, caches, strict=True):
        for i in range(len(dy)):
            summe_g += dy[i] * c.x_hat[i] / K
            summe_b += dy[i] / K
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        t = dy - summe_b / c.count
        t = t - c.x_hat * summe_g / c.count
        dxs.append(t * (c.gamma * c.inv_std))
    return dxs, summe_g, summe_b


# --- sync-backward.params-of-one-worker


@program(check="syncbn_backward", code="sync-backward.params-of-one-worker")
def rank_zero_only(dys, caches):
    dgamma = (dys[0] * caches[0].x_hat).sum(axis=0)
    dbeta = dys[0].sum(axis=0)
    return _dxs(dys, caches), dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.params-of-one-worker")
def first_of_the_list(dys, caches):
    grads = []
    for dy, c in zip(dys, caches, strict=True):
        grads.append((np.einsum("nd,nd->d", dy, c.x_hat), dy.sum(0)))
    total_g = sum(g for g, _ in grads)
    total_b = sum(b for _, b in grads)
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        dxs.append(c.gamma * c.inv_std * (dy - total_b / c.count - c.x_hat * total_g / c.count))
    dgamma, dbeta = grads[0]
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.params-of-one-worker")
def returns_inside_the_loop(dys, caches):
    dxs = _dxs(dys, caches)
    for dy, c in zip(dys, caches, strict=True):
        dgamma = np.sum(dy * c.x_hat, axis=0)
        dbeta = np.sum(dy, axis=0)
        return dxs, dgamma, dbeta  # インデントのずれ


# --- sync-backward.no-mean-path


@program(check="syncbn_backward", code="sync-backward.no-mean-path")
def only_the_product_term(dys, caches):
    dgamma = sum((dy * c.x_hat).sum(0) for dy, c in zip(dys, caches, strict=True))
    dbeta = sum(dy.sum(0) for dy in dys)
    dxs = [c.gamma * c.inv_std * (dy - c.x_hat * dgamma / c.count) for dy, c in zip(dys, caches, strict=True)]
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.no-mean-path")
def concatenated_without_mean(dys, caches):
    sizes = np.cumsum([len(dy) for dy in dys])[:-1]
    dy = np.concatenate(dys)
    xh = np.concatenate([c.x_hat for c in caches])
    g = dy * caches[0].gamma
    dx = (g - xh * (g * xh).mean(0)) * caches[0].inv_std
    return np.split(dx, sizes), (dy * xh).sum(0), dy.sum(0)


@program(check="syncbn_backward", code="sync-backward.no-mean-path")
def staged_dmu_dropped(dys, caches):
    N = caches[0].count
    dvar, dgamma, dbeta = 0, 0, 0
    for dy, c in zip(dys, caches, strict=True):
        dvar = dvar - 0.5 * np.sum(dy * c.gamma * c.x_hat, axis=0) * c.inv_std**2
        dgamma = dgamma + np.sum(dy * c.x_hat, axis=0)
        dbeta = dbeta + np.sum(dy, axis=0)
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        xmu = c.x_hat / c.inv_std
        dxs.append(dy * c.gamma * c.inv_std + 2 * xmu * dvar / N)
    return dxs, dgamma, dbeta


# --- sync-backward.no-variance-path


@program(check="syncbn_backward", code="sync-backward.no-variance-path")
def only_the_mean_term(dys, caches):
    dgamma = sum((dy * c.x_hat).sum(0) for dy, c in zip(dys, caches, strict=True))
    dbeta = sum(dy.sum(0) for dy in dys)
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        dxs.append(c.gamma * c.inv_std * (dy - dbeta / c.count))
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.no-variance-path")
def big_centring_matrix(dys, caches):
    n = caches[0].count
    G = np.concatenate(dys)
    X = np.concatenate([c.x_hat for c in caches])
    H = np.eye(n) - 1.0 / n
    dX = H @ G @ np.diag(caches[0].gamma * caches[0].inv_std)
    dxs, start = [], 0
    for dy in dys:
        dxs.append(dX[start : start + len(dy)])
        start += len(dy)
    return dxs, np.diag(G.T @ X), G.sum(0)


@program(check="syncbn_backward", code="sync-backward.no-variance-path")
def staged_dvar_dropped(dys, caches):
    # la varianza se trata como una constante
    dxhats = [dy * c.gamma * c.inv_std for dy, c in zip(dys, caches, strict=True)]
    dmu = -sum(t.sum(0) for t in dxhats)
    dxs = [t + dmu / c.count for t, c in zip(dxhats, caches, strict=True)]
    dgamma = sum(np.sum(dy * c.x_hat, 0) for dy, c in zip(dys, caches, strict=True))
    return dxs, dgamma, sum(np.sum(dy, 0) for dy in dys)


# --- sync-backward.constant-statistics


@program(check="syncbn_backward", code="sync-backward.constant-statistics")
def no_communication_needed(dys, caches):
    dxs = [dy * c.gamma * c.inv_std for dy, c in zip(dys, caches, strict=True)]
    dgamma = sum((dy * c.x_hat).sum(0) for dy, c in zip(dys, caches, strict=True))
    dbeta = sum(dy.sum(0) for dy in dys)
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.constant-statistics")
def eval_mode_backward(dys, caches):
    dxs, dgamma, dbeta = [], 0, 0
    for dy, cache in zip(dys, caches, strict=True):
        dx = np.einsum("nd,d,d->nd", dy, cache.gamma, cache.inv_std)
        dxs.append(dx)
        dgamma = dgamma + np.einsum("nd,nd->d", dy, cache.x_hat)
        dbeta = dbeta + np.einsum("nd->d", dy)
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.constant-statistics")
def chain_rule_of_one_line(dys, caches):
    def d_input(dy, c):
        out = np.empty(dy.shape)
        for d in range(dy.shape[1]):
            out[:, d] = dy[:, d] * (c.gamma[d] * c.inv_std[d])
        return out

    G, X = np.vstack(dys), np.vstack([c.x_hat for c in caches])
    return [d_input(dy, c) for dy, c in zip(dys, caches, strict=True)], (G * X).sum(0), G.sum(0)


# --- sync-backward.gamma-missing


@program(check="syncbn_backward", code="sync-backward.gamma-missing")
def dy_for_dx_hat(dys, caches):
    dgamma = sum((dy * c.x_hat).sum(0) for dy, c in zip(dys, caches, strict=True))
    dbeta = sum(dy.sum(0) for dy in dys)
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        dxs.append(c.inv_std / c.count * (c.count * dy - dbeta - c.x_hat * dgamma))
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.gamma-missing")
def torch_elemt_without_weight(dys, caches, weight=None):
    pairs = list(zip(dys, caches, strict=True))
    n = sum(dy.shape[0] for dy in dys)
    sum_dy = sum(dy.sum(0) for dy in dys)
    sum_dy_xhat = sum((dy * c.x_hat).sum(0) for dy, c in pairs)
    w = 1.0 if weight is None else weight
    dxs = [(dy - sum_dy / n - c.x_hat * sum_dy_xhat / n) * c.inv_std * w for dy, c in pairs]
    return dxs, sum_dy_xhat, sum_dy


@program(check="syncbn_backward", code="sync-backward.gamma-missing")
def one_big_batch_without_gamma(dys, caches):
    borders = np.cumsum([dy.shape[0] for dy in dys])[:-1]
    dy = np.concatenate(dys, axis=0)
    x_hat = np.concatenate([c.x_hat for c in caches], axis=0)
    dx = caches[0].inv_std * (dy - dy.mean(0) - x_hat * (dy * x_hat).mean(0))
    return np.split(dx, borders), (dy * x_hat).sum(0), dy.sum(0)


# --- sync-backward.dgamma-dbeta-swapped


@program(check="syncbn_backward", code="sync-backward.dgamma-dbeta-swapped")
def returned_in_the_other_order(dys, caches):
    dgamma = sum((dy * c.x_hat).sum(0) for dy, c in zip(dys, caches, strict=True))
    dbeta = sum(dy.sum(0) for dy in dys)
    return _dxs(dys, caches), dbeta, dgamma


@program(check="syncbn_backward", code="sync-backward.dgamma-dbeta-swapped")
def names_exchanged(dys, caches):
    dbeta = np.zeros_like(caches[0].gamma, dtype=float)
    dgamma = np.zeros_like(dbeta)
    for dy, c in zip(dys, caches, strict=True):
        dbeta = dbeta + np.sum(dy * c.x_hat, axis=0)
        dgamma = dgamma + np.sum(dy, axis=0)
    return _dxs(dys, caches), dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.dgamma-dbeta-swapped")
def unpacked_the_wrong_way(dys, caches):
    def sums(dy, c):
        return np.stack([dy.sum(0), (dy * c.x_hat).sum(0)])

    dgamma, dbeta = sum(sums(dy, c) for dy, c in zip(dys, caches, strict=True))
    return _dxs(dys, caches), dgamma, dbeta
