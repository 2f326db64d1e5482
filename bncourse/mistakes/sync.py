"""Wrong twins of `syncbn_backward`. Chapters: ship-and-scale, gradient-checking.

dys, one (N_w, D) a worker; caches those of `syncbn_forward`. Read each beside the right lines:

    dbeta = sum(dy.sum(axis=0) for dy in dys)
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True))
    dxs = [
        c.gamma * c.inv_std * (dy - dbeta / c.count - c.x_hat * dgamma / c.count)
        for dy, c in zip(dys, caches, strict=True)
    ]
    return dxs, dgamma, dbeta
"""

# mypy: disable-error-code="no-any-return"
# (To mypy, arithmetic on arrays is Any. Saying otherwise in every twin would bury the slip.)

from collections.abc import Sequence
from typing import Any

import numpy as np

from bncourse.mistakes.twin import twin
from bncourse.reference.sync import SyncCache

__all__ = ["SYNC"]

Dys = Sequence[np.ndarray]
Caches = Sequence[SyncCache]
Gradients = tuple[list[np.ndarray], Any, Any]  # sum() of arrays is Any to mypy


@twin("sync-backward.local-sums", "the version whose dx takes the two means of its own worker only")
def local_sums(dys: Dys, caches: Caches) -> Gradients:
    """The backward of plain batch norm, on every worker by itself."""
    dbeta = sum(dy.sum(axis=0) for dy in dys)
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True))
    dxs = [
        c.gamma * c.inv_std * (dy - dy.mean(axis=0) - c.x_hat * (dy * c.x_hat).mean(axis=0))
        for dy, c in zip(dys, caches, strict=True)
    ]
    return dxs, dgamma, dbeta


@twin("sync-backward.local-mean-term", "the version whose mean path stays on its own worker")
def local_mean_term(dys: Dys, caches: Caches) -> Gradients:
    """One of the two sums does not travel."""
    dbeta = sum(dy.sum(axis=0) for dy in dys)
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True))
    dxs = [
        c.gamma * c.inv_std * (dy - dy.mean(axis=0) - c.x_hat * dgamma / c.count)
        for dy, c in zip(dys, caches, strict=True)
    ]
    return dxs, dgamma, dbeta


@twin("sync-backward.local-variance-term", "the version whose variance path stays on its own worker")
def local_variance_term(dys: Dys, caches: Caches) -> Gradients:
    """One of the two sums does not travel."""
    dbeta = sum(dy.sum(axis=0) for dy in dys)
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True))
    dxs = [
        c.gamma * c.inv_std * (dy - dbeta / c.count - c.x_hat * (dy * c.x_hat).mean(axis=0))
        for dy, c in zip(dys, caches, strict=True)
    ]
    return dxs, dgamma, dbeta


@twin(
    "sync-backward.local-sums-global-n",
    "the version that divides the sums of its own worker by the count of all",
)
def local_sums_global_n(dys: Dys, caches: Caches) -> Gradients:
    """The count travels and the sums do not."""
    dbeta = sum(dy.sum(axis=0) for dy in dys)
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True))
    dxs = [
        c.gamma * c.inv_std * (dy - dy.sum(axis=0) / c.count - c.x_hat * (dy * c.x_hat).sum(axis=0) / c.count)
        for dy, c in zip(dys, caches, strict=True)
    ]
    return dxs, dgamma, dbeta


@twin("sync-backward.local-n", "the version that divides the sums of all by the count of its own worker")
def local_n(dys: Dys, caches: Caches) -> Gradients:
    """The sums travel and the count does not."""
    dbeta = sum(dy.sum(axis=0) for dy in dys)
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True))
    dxs = [
        c.gamma * c.inv_std * (dy - dbeta / len(dy) - c.x_hat * dgamma / len(dy))
        for dy, c in zip(dys, caches, strict=True)
    ]
    return dxs, dgamma, dbeta


@twin("sync-backward.equal-sizes", "the version that counts as if every worker had as many as this one")
def equal_sizes(dys: Dys, caches: Caches) -> Gradients:
    """Right until one batch is smaller."""
    dbeta = sum(dy.sum(axis=0) for dy in dys)
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True))
    dxs = [
        c.gamma * c.inv_std * (dy - dbeta / (len(dy) * len(dys)) - c.x_hat * dgamma / (len(dy) * len(dys)))
        for dy, c in zip(dys, caches, strict=True)
    ]
    return dxs, dgamma, dbeta


@twin("sync-backward.mean-of-means", "the version whose two means are plain averages over the workers")
def mean_of_means(dys: Dys, caches: Caches) -> Gradients:
    """A worker with two examples weighs as much as one with nine."""
    dbeta = sum(dy.sum(axis=0) for dy in dys)
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True))
    mean_dy = sum(dy.mean(axis=0) for dy in dys) / len(dys)
    mean_dy_x_hat = sum((dy * c.x_hat).mean(axis=0) for dy, c in zip(dys, caches, strict=True)) / len(dys)
    dxs = [
        c.gamma * c.inv_std * (dy - mean_dy - c.x_hat * mean_dy_x_hat)
        for dy, c in zip(dys, caches, strict=True)
    ]
    return dxs, dgamma, dbeta


@twin("sync-backward.averaged", "the version whose dgamma and dbeta are averaged over the workers")
def averaged(dys: Dys, caches: Caches) -> Gradients:
    """What a data-parallel wrapper does to every gradient."""
    dbeta = sum(dy.sum(axis=0) for dy in dys)
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True))
    dxs = [
        c.gamma * c.inv_std * (dy - dbeta / c.count - c.x_hat * dgamma / c.count)
        for dy, c in zip(dys, caches, strict=True)
    ]
    return dxs, dgamma / len(dys), dbeta / len(dys)


@twin("sync-backward.dgamma-averaged", "the version whose dgamma is averaged over the workers")
def dgamma_averaged(dys: Dys, caches: Caches) -> Gradients:
    """dbeta is summed."""
    dbeta = sum(dy.sum(axis=0) for dy in dys)
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True))
    dxs = [
        c.gamma * c.inv_std * (dy - dbeta / c.count - c.x_hat * dgamma / c.count)
        for dy, c in zip(dys, caches, strict=True)
    ]
    return dxs, dgamma / len(dys), dbeta


@twin("sync-backward.dbeta-averaged", "the version whose dbeta is averaged over the workers")
def dbeta_averaged(dys: Dys, caches: Caches) -> Gradients:
    """dgamma is summed."""
    dbeta = sum(dy.sum(axis=0) for dy in dys)
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True))
    dxs = [
        c.gamma * c.inv_std * (dy - dbeta / c.count - c.x_hat * dgamma / c.count)
        for dy, c in zip(dys, caches, strict=True)
    ]
    return dxs, dgamma, dbeta / len(dys)


@twin(
    "sync-backward.averaged-in-dx-too",
    "the version that averages the two sums over the workers, in dx too",
)
def averaged_in_dx_too(dys: Dys, caches: Caches) -> Gradients:
    """An all-reduce that averages where it should add."""
    dbeta = sum(dy.sum(axis=0) for dy in dys) / len(dys)
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True)) / len(dys)
    dxs = [
        c.gamma * c.inv_std * (dy - dbeta / c.count - c.x_hat * dgamma / c.count)
        for dy, c in zip(dys, caches, strict=True)
    ]
    return dxs, dgamma, dbeta


@twin(
    "sync-backward.params-of-one-worker",
    "the version whose dgamma and dbeta are those of the first worker",
)
def params_of_one_worker(dys: Dys, caches: Caches) -> Gradients:
    """Every worker has a part of them."""
    dbeta = sum(dy.sum(axis=0) for dy in dys)
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True))
    dxs = [
        c.gamma * c.inv_std * (dy - dbeta / c.count - c.x_hat * dgamma / c.count)
        for dy, c in zip(dys, caches, strict=True)
    ]
    return dxs, (dys[0] * caches[0].x_hat).sum(axis=0), dys[0].sum(axis=0)


@twin("sync-backward.no-mean-path", "the version without the mean path")
def no_mean_path(dys: Dys, caches: Caches) -> Gradients:
    """mu is treated as a constant."""
    dbeta = sum(dy.sum(axis=0) for dy in dys)
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True))
    dxs = [c.gamma * c.inv_std * (dy - c.x_hat * dgamma / c.count) for dy, c in zip(dys, caches, strict=True)]
    return dxs, dgamma, dbeta


@twin("sync-backward.no-variance-path", "the version without the variance path")
def no_variance_path(dys: Dys, caches: Caches) -> Gradients:
    """var is treated as a constant."""
    dbeta = sum(dy.sum(axis=0) for dy in dys)
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True))
    dxs = [c.gamma * c.inv_std * (dy - dbeta / c.count) for dy, c in zip(dys, caches, strict=True)]
    return dxs, dgamma, dbeta


@twin("sync-backward.constant-statistics", "the version that treats mean and variance as constants")
def constant_statistics(dys: Dys, caches: Caches) -> Gradients:
    """Neither path."""
    dbeta = sum(dy.sum(axis=0) for dy in dys)
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True))
    dxs = [c.gamma * c.inv_std * dy for dy, c in zip(dys, caches, strict=True)]
    return dxs, dgamma, dbeta


@twin("sync-backward.gamma-missing", "the version without gamma in dx")
def gamma_missing(dys: Dys, caches: Caches) -> Gradients:
    """As if y were x_hat."""
    dbeta = sum(dy.sum(axis=0) for dy in dys)
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True))
    dxs = [
        c.inv_std * (dy - dbeta / c.count - c.x_hat * dgamma / c.count)
        for dy, c in zip(dys, caches, strict=True)
    ]
    return dxs, dgamma, dbeta


@twin("sync-backward.dgamma-dbeta-swapped", "the version with dgamma and dbeta exchanged")
def dgamma_dbeta_swapped(dys: Dys, caches: Caches) -> Gradients:
    """Same shape, so nothing complains."""
    dbeta = sum(dy.sum(axis=0) for dy in dys)
    dgamma = sum((dy * c.x_hat).sum(axis=0) for dy, c in zip(dys, caches, strict=True))
    dxs = [
        c.gamma * c.inv_std * (dy - dbeta / c.count - c.x_hat * dgamma / c.count)
        for dy, c in zip(dys, caches, strict=True)
    ]
    return dxs, dbeta, dgamma


SYNC = (
    local_sums, local_mean_term, local_variance_term, local_sums_global_n, local_n, equal_sizes,
    mean_of_means, averaged, dgamma_averaged, dbeta_averaged, averaged_in_dx_too, params_of_one_worker,
    no_mean_path, no_variance_path, constant_statistics, gamma_missing, dgamma_dbeta_swapped,
)  # fmt: skip
