"""One run over several workers: each takes its part of every batch. Chapter: ship-and-scale.

    torchrun --nproc-per-node 2 script.py      # two workers; every one of them calls `train_distributed`

Four things make it the run that one process does. Every worker draws the same batches and takes its own
slice; DistributedDataParallel averages the gradients; the batch norms share their statistics; the losses
recorded are means over the workers. What differs: sums are taken in another order, dropout draws other masks.

The batch norms are those of `bncourse.layers.sync` on every device. On a GPU torch.nn.SyncBatchNorm has
faster kernels, but one way everywhere is one way to test, and the tests on CPUs then speak for GPUs as well.
"""

import math
import os
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from bncourse.data import Dataset
from bncourse.errors import StateError
from bncourse.experiments.choices import build_model
from bncourse.experiments.config import RunConfig
from bncourse.experiments.fast import channels_last
from bncourse.experiments.machine import pick_device
from bncourse.experiments.pixels import scale_moments
from bncourse.experiments.share import Share
from bncourse.experiments.training import OnEpoch, _measured, _parts, fit
from bncourse.layers import synchronise

__all__ = ["join_workers", "train_distributed"]

# Far apart, so that no worker of one seed draws the dropout masks of another seed's worker.
_SEEDS_APART = 1_000_003


def join_workers(device: str = "auto") -> torch.device:
    """Make this process a worker of the group that torchrun describes, unless it is one; its device.

    device: "cpu", "cuda", which is the GPU with the number of this worker on its machine, or "auto", the GPU
    where there is one. Messages go by gloo between CPUs and by nccl between GPUs. The group stays, so that
    one run may follow another; `torch.distributed.destroy_process_group()` ends it.
    Raises StateError for another device, for one that is not there, and without torchrun.

    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> join_workers("cpu")
    device(type='cpu')
    >>> dist.destroy_process_group()
    """
    kind = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    if kind not in ("cpu", "cuda"):
        raise StateError('the device of the workers is "cpu" or "cuda"', got=repr(device), hint='"auto"')
    if not (dist.is_available() and dist.is_initialized()):
        missing = [name for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR") if name not in os.environ]
        if missing:
            raise StateError(
                "torchrun started this process as one of several workers",
                got=f"no {', '.join(missing)} in the environment",
                hint="torchrun --nproc-per-node 2 script.py, or `train` for one process",
            )
    target = pick_device(kind if kind == "cpu" else f"cuda:{os.environ.get('LOCAL_RANK', '0')}")
    if target.type == "cuda":
        torch.cuda.set_device(target)
    if not dist.is_initialized():
        dist.init_process_group("nccl" if target.type == "cuda" else "gloo")
    return target


def train_distributed(
    config: RunConfig, data: Dataset, *, device: str = "auto", on_epoch: OnEpoch | None = None
) -> dict[str, Any] | None:
    """Do one run together with the other workers; every worker calls it with the same config and data.

    Returns on the first worker what `train` returns and "workers", their number; None on all others. There
    only is `on_epoch` called and accuracy measured. seconds and images_per_second are those of all together.

    Batches, first weights and learning rates are those of `train`; numbers agree but for rounding when the
    net has no dropout. With it, and with the noise of "batch-noisy", every worker draws its own: as much of
    it, but not the same.

    device: as for `join_workers`, which is called first. Raises StateError when the batch cannot be divided
    evenly and for `measure_every`, and as `train` and `join_workers` do.

    >>> from bncourse.data import load
    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> config = RunConfig(norm="batch", width=0.05, epochs=2, batch_size=16)
    >>> row = train_distributed(config, load("shapes", train=64, test=10), device="cpu")
    >>> len(row["train_loss"]), row["workers"]
    (2, 1)
    >>> dist.destroy_process_group()
    """
    target = join_workers(device)
    rank, workers = dist.get_rank(), dist.get_world_size()
    arrays = _parts(config, data)
    _check(config, workers)
    model = _build(config, torch.zeros(1, *arrays["train"][0].shape[1:]), target)
    if rank > 0:
        torch.manual_seed(config.seed + _SEEDS_APART * rank)
    mean, std = (moment.to(target) for moment in scale_moments(config.input_scale, arrays["train"][0]))
    parts = {
        name: (torch.tensor(images, device=target), torch.tensor(labels, device=target))
        for name, (images, labels) in arrays.items()
    }
    size = config.batch_size // workers
    share = Share(slice(rank * size, (rank + 1) * size), _mean, first=rank == 0)
    report = on_epoch if share.first else None
    trace = fit(model, DistributedDataParallel(model), parts, (mean, std), config, report, share)
    if rank > 0:
        return None
    return _measured(config, trace, model, parts, (mean, std)) | {
        "device": torch.cuda.get_device_name(target) if target.type == "cuda" else target.type,
        "threads": torch.get_num_threads(),
        "compiled": False,
        "workers": workers,
    }


def _check(config: RunConfig, workers: int) -> None:
    if config.batch_size % workers:
        raise StateError(
            f"batch_size is divisible by the number of workers, {workers}",
            got=f"batch_size={config.batch_size}",
            hint=f"batch_size={math.ceil(config.batch_size / workers) * workers}",
        )
    if config.measure_every:
        raise StateError(
            "measurements on the way are those of one process",
            got=f"measure_every={config.measure_every}",
            hint="measure_every=0, or `train`",
        )


def _build(config: RunConfig, sample: Tensor, target: torch.device) -> nn.Module:
    """The net of `train`, with the same first weights on every worker, its batch norms synchronised."""
    torch.manual_seed(config.seed)
    model = build_model(config)
    if config.fast:
        model = channels_last(model, sample)
    return synchronise(model).to(target)


def _mean(losses: Tensor) -> Tensor:
    """Over the workers. One message an epoch: nobody reads a loss before."""
    total = losses.double()
    dist.all_reduce(total)
    return total / dist.get_world_size()
