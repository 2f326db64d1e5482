"""Running statistics and inference: against PyTorch over several steps, both weights, both variances."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import bncourse
from bncourse import (
    RunningStats,
    batchnorm_forward,
    batchnorm_inference,
    new_weight_from_old,
    old_weight_from_new,
)

RNG = np.random.default_rng(0)
# Different sizes on purpose: an average of batches is not an average of examples.
BATCHES = [RNG.normal(loc, scale, (N, 3)) for loc, scale, N in [(5, 2, 7), (-1, 0.3, 2), (0, 4, 12)]]
GAMMA, BETA = np.array([0.5, -2.0, 1.5]), np.array([1.0, 0.0, -3.0])


def torch_layer(momentum):
    layer = torch.nn.BatchNorm1d(3, momentum=momentum, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(GAMMA))
        layer.bias.copy_(torch.tensor(BETA))
    return layer


@pytest.mark.parametrize("new_weight", [0.1, 0.3, 1.0, 0.0, None])
def test_several_steps_and_inference_equal_pytorch(new_weight):
    layer, stats = torch_layer(new_weight), RunningStats.initial(3, new_weight=new_weight)
    for step, x in enumerate(BATCHES, start=1):
        layer(torch.tensor(x))
        stats = stats.update(x)
        np.testing.assert_allclose(stats.mean, layer.running_mean.numpy(), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(stats.var, layer.running_var.numpy(), rtol=1e-12)
        assert stats.batches == step == layer.num_batches_tracked.item()
    layer.eval()
    x = RNG.normal(2, 3, (4, 3))
    expected = layer(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(batchnorm_inference(x, GAMMA, BETA, stats), expected, rtol=1e-10)


def test_biased_variance_divides_by_n():
    biased, unbiased = (
        RunningStats.initial(3, new_weight=1.0, variance=kind).update(BATCHES[0])
        for kind in ("biased", "unbiased")
    )
    np.testing.assert_allclose(biased.var, BATCHES[0].var(axis=0), rtol=1e-12)
    np.testing.assert_allclose(unbiased.var, BATCHES[0].var(axis=0, ddof=1), rtol=1e-12)
    np.testing.assert_array_equal(biased.mean, unbiased.mean)


def test_the_plain_average_forgets_the_start_and_weighs_batches_alike():
    stats = RunningStats.initial(3, new_weight=None, variance="biased")
    for x in BATCHES:
        stats = stats.update(x)
    np.testing.assert_allclose(stats.mean, np.mean([x.mean(axis=0) for x in BATCHES], axis=0))
    np.testing.assert_allclose(stats.var, np.mean([x.var(axis=0) for x in BATCHES], axis=0))


@given(st.floats(0, 1))
def test_the_two_weights_are_each_others_complement(weight):
    assert new_weight_from_old(weight) + weight == pytest.approx(1)
    assert old_weight_from_new(new_weight_from_old(weight)) == pytest.approx(weight)


def test_old_weight_is_the_other_name_of_the_same_thing():
    by_old, by_new = RunningStats.initial(3, old_weight=0.75), RunningStats.initial(3, new_weight=0.25)
    assert by_old.new_weight == by_new.new_weight
    np.testing.assert_array_equal(by_old.update(BATCHES[0]).mean, by_new.update(BATCHES[0]).mean)


def test_an_update_makes_a_new_value_and_leaves_the_old_one():
    start = RunningStats.initial(3)
    later = start.update(BATCHES[0])
    np.testing.assert_array_equal(start.mean, np.zeros(3))
    assert (start.batches, later.batches) == (0, 1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        start.batches = 5
    with pytest.raises(ValueError, match="read-only"):
        later.mean[0] = 1


def test_a_value_does_not_share_memory_with_what_it_was_made_from():
    mean = np.zeros(2)
    stats = RunningStats(mean=mean, var=np.ones(2))
    mean[0] = 9
    np.testing.assert_array_equal(stats.mean, [0, 0])


def test_inference_is_pure_and_each_row_stands_alone():
    stats = RunningStats.initial(3, new_weight=0.3).update(BATCHES[0])
    x = RNG.normal(2, 3, (5, 3))
    before = (stats.mean.copy(), stats.var.copy(), stats.batches)
    y = batchnorm_inference(x, GAMMA, BETA, stats)
    assert stats.batches == before[2]
    np.testing.assert_array_equal(stats.mean, before[0])
    np.testing.assert_array_equal(stats.var, before[1])
    for row in range(5):
        alone = batchnorm_inference(x[[row]], GAMMA, BETA, stats)
        np.testing.assert_array_equal(alone, y[[row]])


@pytest.mark.parametrize("eps", [1e-5, 0.05, 0.5])
def test_inference_with_the_batch_s_own_biased_moments_equals_training(eps):
    x = BATCHES[0]
    stats = RunningStats(mean=x.mean(axis=0), var=x.var(axis=0), variance="biased")
    trained, _ = batchnorm_forward(x, GAMMA, BETA, eps=eps)
    np.testing.assert_allclose(batchnorm_inference(x, GAMMA, BETA, stats, eps=eps), trained, rtol=1e-10)


def test_inference_keeps_float32_and_takes_integers():
    stats = RunningStats.initial(3)
    assert batchnorm_inference(BATCHES[0].astype(np.float32), GAMMA, BETA, stats).dtype == np.float32
    assert batchnorm_inference(np.ones((1, 3), dtype=int), GAMMA, BETA, stats).dtype == np.float64


NAN_BATCH = np.array([[1.0, np.nan, 0.0], [0.0, 1.0, 2.0]])


@pytest.mark.usefixtures("as_a_reader")
@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: RunningStats.initial(3, new_weight=1.5),
            "must hold: new_weight lies between 0 and 1; got: new_weight = 1.5; try: new_weight=0.9",
        ),
        (
            lambda: RunningStats.initial(3, old_weight=-0.1),
            "must hold: old_weight lies between 0 and 1; got: old_weight = -0.1; try: old_weight=0.9",
        ),
        (
            lambda: RunningStats.initial(3, variance="population"),
            'must hold: variance is "biased" or "unbiased"; got: \'population\'; try: variance="unbiased"',
        ),
        (
            lambda: RunningStats(mean=np.zeros(2), var=np.array([1.0, -0.5])),
            "must hold: var is not negative; got: min(var) = -0.5; try: var, not log(var)",
        ),
        (
            lambda: RunningStats(mean=np.zeros(2), var=np.ones(3)),
            "must hold: var has one value a feature, shape (2,); got: shape (3,); try: np.ones(2)",
        ),
        (
            lambda: RunningStats.initial(3).update(np.ones((1, 3))),
            "must hold: a training batch has at least two examples; got: shape (1, 3); "
            "try: a larger batch, or batchnorm_inference with running statistics",
        ),
        (
            lambda: RunningStats.initial(3).update(np.ones((4, 2))),
            "must hold: the statistics have one value a feature, shape (2,); got: shape (3,); "
            "try: RunningStats.initial(2)",
        ),
        (
            lambda: RunningStats.initial(3).update(NAN_BATCH),
            "must hold: x is finite; got: NaN or infinity in x; try: np.isfinite(x).all() before the update",
        ),
        (
            lambda: batchnorm_inference(np.ones((2, 2)), np.ones(2), np.zeros(2), RunningStats.initial(3)),
            "must hold: the statistics have one value a feature, shape (2,); got: shape (3,); "
            "try: RunningStats.initial(2)",
        ),
        (
            lambda: batchnorm_inference(np.ones((2, 3)), GAMMA, BETA, RunningStats.initial(3), eps=0),
            "must hold: eps is a positive number; got: eps = 0; try: eps=1e-5",
        ),
    ],
)
def test_bad_settings_and_batches_say_what_must_hold(call, text):
    with pytest.raises(bncourse.BncourseError) as caught:
        call()
    assert str(caught.value) == text
