"""Wrong backward passes over workers: whose sums go into dx, and divided by which count."""

import numpy as np

from corpus.registry import program


def _params(dys, caches):
    """dgamma and dbeta, right: several of the programs get only the dxs wrong."""
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True))
    return dgamma, sum(dy.sum(axis=0) for dy in dys)


# --- sync-backward.local-sums


@program(check="syncbn_backward", code="sync-backward.local-sums")
def plain_backward_on_every_worker(dys, caches):
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        N = dy.shape[0]
        dbeta = dy.sum(axis=0)
        dgamma = (dy * c.x_hat).sum(axis=0)
        dxs.append(c.gamma * c.inv_std / N * (N * dy - dbeta - c.x_hat * dgamma))
    return dxs, *_params(dys, caches)


@program(check="syncbn_backward", code="sync-backward.local-sums")
def means_without_all_reduce(dys, caches):
    dgamma, dbeta = 0, 0
    dxs = []
    for w in range(len(dys)):
        g = dys[w] * caches[w].gamma
        xh = caches[w].x_hat
        dx = (g - g.mean(0) - xh * (g * xh).mean(0)) * caches[w].inv_std
        dxs.append(dx)
        dgamma = dgamma + np.einsum("nd,nd->d", dys[w], xh)
        dbeta = dbeta + np.einsum("nd->d", dys[w])
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.local-sums")
def centring_matrix_of_a_worker(dys, caches):
    def one(dy, c):
        n = len(dy)
        H = np.eye(n) - np.ones((n, n)) / n
        dx_hat = dy * c.gamma
        proj = np.einsum("nd,md,md->nd", c.x_hat, c.x_hat, dx_hat) / n
        return (H @ dx_hat - proj) * c.inv_std

    return list(map(one, dys, caches)), *_params(dys, caches)


# --- sync-backward.local-mean-term


@program(check="syncbn_backward", code="sync-backward.local-mean-term")
def reduce_only_the_product(dys, caches):
    dgamma, dbeta = _params(dys, caches)
    n = caches[0].count
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        dxs.append(c.gamma * c.inv_std * (dy - dy.mean(axis=0) - c.x_hat * dgamma / n))
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.local-mean-term")
def centred_at_home(dys, caches):
    gs = [dy * c.gamma for dy, c in zip(dys, caches, strict=True)]
    total = sum(len(g) for g in gs)
    dot = sum((g * c.x_hat).sum(0) for g, c in zip(gs, caches, strict=True)) / total
    gs = [g - g.mean(axis=0, keepdims=True) for g in gs]  # centrer
    dxs = [(g - c.x_hat * dot) * c.inv_std for g, c in zip(gs, caches, strict=True)]
    return dxs, *_params(dys, caches)


@program(check="syncbn_backward", code="sync-backward.local-mean-term")
def overwritten_sum_of_dy(dys, caches):
    dgamma, dbeta = 0.0, 0.0
    for dy, c in zip(dys, caches, strict=True):
        dgamma = dgamma + (dy * c.x_hat).sum(0)
        dbeta = dbeta + dy.sum(0)
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        m = dy.shape[0]
        sum_dy = np.zeros(dy.shape[1])
        for row in dy:
            sum_dy += row
        dxs.append((dy - sum_dy / m - c.x_hat * (dgamma / c.count)) * c.gamma * c.inv_std)
    return dxs, dgamma, dbeta


# --- sync-backward.local-variance-term


@program(check="syncbn_backward", code="sync-backward.local-variance-term")
def reduce_only_the_sum(dys, caches):
    dgamma, dbeta = _params(dys, caches)
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        mean_dy_xhat = (dy * c.x_hat).mean(axis=0)
        dxs.append(c.gamma * c.inv_std * (dy - dbeta / c.count - c.x_hat * mean_dy_xhat))
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.local-variance-term")
def two_stages_one_of_them_local(dys, caches):
    N = caches[0].count
    grads = [c.gamma * dy for c, dy in zip(caches, dys, strict=True)]
    mean = np.concatenate(grads).sum(axis=0) / N
    dxs = []
    for g, c in zip(grads, caches, strict=True):
        local = np.diag(g.T @ c.x_hat) / g.shape[0]
        dxs.append((g - mean - c.x_hat * local) * c.inv_std)
    return dxs, *_params(dys, caches)


@program(check="syncbn_backward", code="sync-backward.local-variance-term")
def element_by_element(dys, caches):
    dgamma, dbeta = _params(dys, caches)
    dxs = []
    for w, dy in enumerate(dys):
        c = caches[w]
        N_w, D = dy.shape
        dx = np.zeros((N_w, D))
        for d in range(D):
            dot = sum(dy[n, d] * c.x_hat[n, d] for n in range(N_w)) / N_w
            for n in range(N_w):
                t = dy[n, d] - dbeta[d] / c.count - c.x_hat[n, d] * dot
                dx[n, d] = t * c.gamma[d] * c.inv_std[d]
        dxs.append(dx)
    return dxs, dgamma, dbeta


# --- sync-backward.local-sums-global-n


@program(check="syncbn_backward", code="sync-backward.local-sums-global-n")
def local_sums_over_count(dys, caches):
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        N = c.count
        s1 = np.sum(dy, axis=0)
        s2 = np.sum(dy * c.x_hat, axis=0)
        dxs.append(c.gamma * c.inv_std / N * (N * dy - s1 - c.x_hat * s2))
    dgamma, dbeta = _params(dys, caches)
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.local-sums-global-n")
def accumulated_after_use(dys, caches):
    dgamma = np.zeros_like(caches[0].gamma, dtype=float)
    dbeta = np.zeros_like(dgamma)
    world_n = sum(map(len, dys))
    out = []
    for dy, c in zip(dys, caches, strict=True):
        sum_dy, sum_dy_xmu = dy.sum(0), (dy * c.x_hat).sum(0)
        out.append((dy - sum_dy / world_n - c.x_hat * sum_dy_xmu / world_n) * (c.gamma * c.inv_std))
        dgamma, dbeta = dgamma + sum_dy_xmu, dbeta + sum_dy
    return out, dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.local-sums-global-n")
def staged_with_count(dys, caches):
    # ステップごとに：N は全体、和は自分だけ
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        std = 1 / c.inv_std
        xmu = c.x_hat * std
        dxhat = dy * c.gamma
        dvar = -0.5 * (dxhat * xmu).sum(0) / std**3
        dmu = -(dxhat / std).sum(0)
        dxs.append(dxhat / std + dvar * 2 * xmu / c.count + dmu / c.count)
    return dxs, *_params(dys, caches)


# --- sync-backward.mean-of-means


@program(check="syncbn_backward", code="sync-backward.mean-of-means")
def all_reduce_of_means(dys, caches):
    W = len(dys)
    mean_dy = sum(dy.mean(axis=0) for dy in dys) / W
    mean_dy_xhat = sum((dy * c.x_hat).mean(axis=0) for dy, c in zip(dys, caches, strict=True)) / W
    dxs = [
        c.gamma * c.inv_std * (dy - mean_dy - c.x_hat * mean_dy_xhat)
        for dy, c in zip(dys, caches, strict=True)
    ]
    return dxs, *_params(dys, caches)


@program(check="syncbn_backward", code="sync-backward.mean-of-means")
def op_avg(dys, caches):
    def all_reduce_avg(tensors):  # ReduceOp.AVG
        return np.stack(tensors).mean(axis=0)

    g = [dy * c.gamma for dy, c in zip(dys, caches, strict=True)]
    m1 = all_reduce_avg([t.mean(0) for t in g])
    m2 = all_reduce_avg([(t * c.x_hat).mean(0) for t, c in zip(g, caches, strict=True)])
    dxs = []
    for t, c in zip(g, caches, strict=True):
        dxs.append((t - m1 - c.x_hat * m2) * c.inv_std)
    return dxs, *_params(dys, caches)


@program(check="syncbn_backward", code="sync-backward.mean-of-means")
def running_average_over_workers(dys, caches):
    a, b = 0, 0
    for k, (dy, c) in enumerate(zip(dys, caches, strict=True), start=1):
        a = a + (dy.mean(0) - a) / k
        b = b + ((dy * c.x_hat).mean(0) - b) / k
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        dxs.append((dy - a - b * c.x_hat) * c.inv_std * c.gamma)
    dgamma, dbeta = _params(dys, caches)
    return dxs, dgamma, dbeta


# --- sync-backward.local-n


@program(check="syncbn_backward", code="sync-backward.local-n")
def n_from_the_shape(dys, caches):
    dgamma, dbeta = _params(dys, caches)
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        N = dy.shape[0]
        dxs.append(c.gamma * c.inv_std / N * (N * dy - dbeta - c.x_hat * dgamma))
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.local-n")
def sums_of_all_divided_by_len(dys, caches):
    gs = [c.gamma * dy for dy, c in zip(dys, caches, strict=True)]
    S = np.sum([g.sum(0) for g in gs], axis=0)
    Sx = np.sum([(g * c.x_hat).sum(0) for g, c in zip(gs, caches, strict=True)], axis=0)
    dxs = [(g - S / len(g) - c.x_hat * Sx / len(g)) * c.inv_std for g, c in zip(gs, caches, strict=True)]
    return dxs, *_params(dys, caches)


@program(check="syncbn_backward", code="sync-backward.local-n")
def closure_with_its_own_n(dys, caches):
    dgamma = sum(np.einsum("nd,nd->d", dy, c.x_hat) for dy, c in zip(dys, caches, strict=True))
    dbeta = np.concatenate(dys).sum(0)

    def backward(dy, c):
        n, _ = dy.shape
        vermelho = dbeta / n + c.x_hat * (dgamma / n)
        return c.gamma * c.inv_std * (dy - vermelho)

    return [backward(dy, c) for dy, c in zip(dys, caches, strict=True)], dgamma, dbeta


# --- sync-backward.equal-sizes


@program(check="syncbn_backward", code="sync-backward.equal-sizes")
def local_n_times_world_size(dys, caches):
    world = len(dys)
    dgamma, dbeta = _params(dys, caches)
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        N = dy.shape[0] * world
        dxs.append(c.gamma * c.inv_std * (dy - dbeta / N - c.x_hat * dgamma / N))
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code="sync-backward.equal-sizes")
def averaged_over_world_then_batch(dys, caches):
    pairs = list(zip(dys, caches, strict=True))
    sum_dy = sum(dy.sum(0) for dy, _ in pairs) / len(pairs)
    sum_dy_xhat = sum((dy * c.x_hat).sum(0) for dy, c in pairs) / len(pairs)
    dxs = []
    for dy, c in pairs:
        m = len(dy)
        inner = dy - sum_dy / m - c.x_hat * (sum_dy_xhat / m)
        dxs.append(inner * c.gamma * c.inv_std)
    return dxs, *_params(dys, caches)


@program(check="syncbn_backward", code="sync-backward.equal-sizes")
def global_batch_size_guess(dys, caches):
    dgamma, dbeta = _params(dys, caches)
    dxs = []
    for rank, (dy, c) in enumerate(zip(dys, caches, strict=True)):
        local_bs = dys[rank].shape[0]
        global_bs = local_bs * len(caches)  # batch_size * world_size
        k = c.gamma * c.inv_std / global_bs
        dxs.append(k * (global_bs * dy - dbeta - dgamma * c.x_hat))
    return dxs, dgamma, dbeta
