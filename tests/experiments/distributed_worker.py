"""What one of two workers does for test_distributed.py: runs, runs of a wrong kind, and what it was told."""

import faulthandler
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch
import torch.distributed as dist

from bncourse.data import load
from bncourse.errors import StateError
from bncourse.experiments import RunConfig, distributed, training
from bncourse.experiments.distributed import train_distributed

# 20 steps, each of them a point of the curve.
PLAIN = RunConfig(
    norm="batch", width=0.1, optimiser="sgd", learning_rate=0.05, batch_size=32, epochs=4, log_every=1
)
RUNS = {
    "sgd": PLAIN,
    "adam": replace(PLAIN, optimiser="adam", learning_rate=1e-3, norm="batch-ours", placement="before"),
    "all-at-once": replace(
        PLAIN,
        model="small-resnet",
        width=0.5,
        epochs=1,
        schedule="cosine",
        augmentation="crop-flip",
        validation_size=10,
        curve="validation",
        initialisation="he",
        input_scale="unit",
        fast=True,
    ),
    "diverges": replace(PLAIN, learning_rate=1e30),
}


WIDE = ("sgd", "all-at-once", "apart")  # those done in float64


def shapes():
    return load("shapes", train=170, test=60)


@contextmanager
def digits(name: str) -> Iterator[None]:
    """Whether a run is done in float64: there 20 steps do not make a visible difference out of rounding."""
    kept = training.standardise
    if name in WIDE:
        torch.set_default_dtype(torch.float64)
        for module in (training, distributed):
            module.standardise = lambda images, mean, std: (images.double() / 255 - mean) / std
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)
        training.standardise = distributed.standardise = kept


def refusals():
    texts = []
    for config in (replace(PLAIN, batch_size=33), replace(PLAIN, measure_every=5)):
        try:
            train_distributed(config, shapes(), device="cpu")
        except StateError as error:
            texts.append(str(error))
    return texts


def run(name, config, on_epoch=None):
    with digits(name):
        return train_distributed(config, shapes(), device="cpu", on_epoch=on_epoch)


def main():
    faulthandler.dump_traceback_later(180, exit=True)  # whatever happens, no worker outlives its test
    heard = []
    results = {name: run(name, config, lambda *told: heard.append(told)) for name, config in RUNS.items()}
    results["heard"], results["refusals"] = heard, refusals()
    run("dropout", replace(PLAIN, epochs=1, dropout=0.5))
    results["drawn"] = torch.rand(4).tolist()  # where the dropout masks come from
    synchronise, distributed.synchronise = distributed.synchronise, lambda model: model
    results["apart"] = run("apart", PLAIN)
    distributed.synchronise = synchronise
    (Path(sys.argv[1]) / f"{dist.get_rank()}.json").write_text(json.dumps(results))
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
