"""What a grid costs: counted images, a measured speed, and a time to be read."""

import time

import pytest

from bncourse.experiments import grids
from bncourse.experiments.config import RunConfig
from bncourse.experiments.cost import duration, images_to_see, measured_speed

TINY = RunConfig(norm="batch", width=0.05, batch_size=16)


def test_the_full_grid_sees_every_image_twenty_times_in_each_arm():
    full = grids.twelve_configurations(3, full=True)
    trained, read = 36 * 20 * 50_000, 36 * 21 * 10_000
    assert images_to_see(full) == pytest.approx(trained + read / 3)


def test_held_out_images_are_read_and_not_trained_on():
    honest = RunConfig(data="cifar10", validation_size=5_000, epochs=4, curve="validation")
    assert images_to_see([honest]) == 4 * 45_000 + (4 * 5_000 + 10_000 + 5_000) // 3


def test_more_runs_cost_more():
    one = images_to_see(grids.twelve_search(1)[:1])
    assert images_to_see(grids.twelve_search(1)) == pytest.approx(48 * one, rel=1e-4)


def test_a_wider_net_is_slower():
    narrow, wide = (
        measured_speed(RunConfig(norm="batch", width=width, batch_size=64), device="cpu", seconds=0.2)
        for width in (0.05, 1.0)
    )
    assert narrow > 2 * wide


def test_a_probe_takes_about_as_long_as_it_was_given():
    start = time.perf_counter()
    measured_speed(TINY, device="cpu", seconds=0.5)
    assert (
        time.perf_counter() - start < 10
    )  # a loaded machine; without a limit the noise would grow for minutes


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(59.0, "59 s"), (60.0, "1 min"), (3_599.0, "60 min"), (3_600.0, "1.0 h")],
)
def test_a_time_changes_its_unit_where_it_should(seconds, shown):
    assert duration(seconds) == shown
