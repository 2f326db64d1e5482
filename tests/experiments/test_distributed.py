"""One run on two real workers is the run of one process; alone it is `train` to the last bit."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch.distributed as dist
from distributed_worker import PLAIN, RUNS, digits, shapes
from workers import run_workers

from bncourse.errors import StateError
from bncourse.experiments import train
from bncourse.experiments.distributed import join_workers, train_distributed

CLOCK = ("seconds", "images_per_second")
over_workers = pytest.mark.slow  # two processes that load PyTorch


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workers")
    run_workers(Path(__file__).with_name("distributed_worker.py"), folder)
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


@pytest.fixture
def alone():
    """A process group of one."""
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.fixture
def without_torchrun(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR"):
        monkeypatch.delenv(name, raising=False)


def whole_run(name, config):
    with digits(name):
        return train(config, shapes(), device="cpu")


@over_workers
@pytest.mark.parametrize(("name", "steps"), [("sgd", 20), ("adam", 20), ("all-at-once", 5)])
def test_two_workers_do_the_run_of_one(results, name, steps):
    row, whole = results[0][name], whole_run(name, RUNS[name])
    assert len(row["loss_curve"]) == steps
    # Recorded to five digits after the point.
    np.testing.assert_allclose(row["loss_curve"], whole["loss_curve"], atol=3e-5)
    np.testing.assert_allclose(row["train_loss"], whole["train_loss"], atol=3e-5)
    assert row["test_loss"] == pytest.approx(whole["test_loss"], abs=1e-4)
    assert row["test_accuracy"] == whole["test_accuracy"]
    assert row["validation_accuracy"] == whole["validation_accuracy"]
    assert row.get("curve") == whole.get("curve")
    assert row["workers"] == 2
    assert set(row) == {*whole, "workers"}
    assert [row[key] for key in ("diverged", "device", "compiled")] == [False, "cpu", False]


@over_workers
def test_without_synchronised_norms_it_is_another_run(results):
    whole = whole_run("apart", PLAIN)
    differences = np.abs(np.subtract(results[0]["apart"]["loss_curve"], whole["loss_curve"]))
    assert differences[0] > 1e-3  # from the first step on
    assert differences.max() > 1e-2


@over_workers
def test_the_first_worker_alone_has_the_row_and_tells_of_epochs(results):
    first, second = results
    assert all(second[name] is None for name in RUNS)
    assert second["heard"] == []
    losses = [loss for name in RUNS for loss in first[name]["train_loss"]]
    assert len(first["heard"]) == len(losses)
    assert [round(loss, 5) for _, loss in first["heard"][:4]] == losses[:4]


@over_workers
def test_all_workers_stop_when_the_run_diverges(results):
    row = results[0]["diverges"]
    assert row["diverged"] is True
    assert row["train_loss"][-1] is None
    assert len(row["train_loss"]) < RUNS["diverges"].epochs
    assert row["test_accuracy"] is None


@over_workers
def test_dropout_masks_differ_between_workers(results):
    assert results[0]["drawn"] != results[1]["drawn"]


@over_workers
def test_what_does_not_fit_is_refused_by_all(results):
    for result in results:
        assert result["refusals"] == [
            "must hold: batch_size is divisible by the number of workers, 2; "
            "got: batch_size=33; try: batch_size=34",
            "must hold: measurements on the way are those of one process; "
            "got: measure_every=5; try: measure_every=0, or `train`",
        ]


@pytest.mark.usefixtures("alone")
def test_one_worker_gives_the_numbers_of_train():
    config = replace(PLAIN, norm="batch-ours", dropout=0.3, epochs=2, augmentation="crop-flip")
    row, whole = train_distributed(config, shapes(), device="cpu"), train(config, shapes(), device="cpu")
    assert row is not None
    assert row.pop("workers") == 1
    assert {k: v for k, v in row.items() if k not in CLOCK} == {
        k: v for k, v in whole.items() if k not in CLOCK
    }


@pytest.mark.usefixtures("alone")
def test_config_and_data_must_fit():
    with pytest.raises(StateError, match="the data are those of the config"):
        train_distributed(replace(PLAIN, data="cifar10"), shapes(), device="cpu")


@pytest.mark.usefixtures("without_torchrun")
def test_workers_are_started_by_torchrun():
    with pytest.raises(StateError) as error:
        train_distributed(PLAIN, shapes(), device="cpu")
    assert str(error.value) == (
        "must hold: torchrun started this process as one of several workers; "
        "got: no RANK, WORLD_SIZE, MASTER_ADDR in the environment; "
        "try: torchrun --nproc-per-node 2 script.py, or `train` for one process"
    )
    assert not dist.is_initialized()


@pytest.mark.usefixtures("without_torchrun")
def test_workers_have_cpus_or_gpus():
    with pytest.raises(StateError) as error:
        join_workers("mps")
    assert str(error.value) == (
        'must hold: the device of the workers is "cpu" or "cuda"; got: \'mps\'; try: "auto"'
    )
