"""The table of conventions in train-and-inference, row by row, in the libraries themselves.

A library that is not installed is skipped with its name; `pip install keras flax` runs the rest.
"""

import os

import numpy as np
import pytest

from bncourse import RunningStats, batchnorm_inference

BATCHES = [np.random.default_rng(seed).normal(3, 2, (N, 4)) for seed, N in enumerate((5, 9, 3))]


def ours(**settings):
    stats = RunningStats.initial(4, **settings)
    for x in BATCHES:
        stats = stats.update(x)
    return stats


def test_pytorch_weighs_the_new_batch_and_remembers_the_unbiased_variance():
    torch = pytest.importorskip("torch")
    layer = torch.nn.BatchNorm1d(4, dtype=torch.float64)
    for x in BATCHES:
        layer(torch.tensor(x))
    expected = ours(new_weight=0.1, variance="unbiased")
    np.testing.assert_allclose(layer.running_mean.numpy(), expected.mean, rtol=1e-12)
    np.testing.assert_allclose(layer.running_var.numpy(), expected.var, rtol=1e-12)
    assert layer.eps == 1e-5


@pytest.mark.filterwarnings("default")  # other people's import-time warnings
def test_keras_weighs_the_old_memory_and_remembers_the_biased_variance(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", os.environ.get("KERAS_BACKEND", "torch"))
    keras = pytest.importorskip("keras")
    layer = keras.layers.BatchNormalization()
    for x in BATCHES:
        layer(x.astype(np.float32), training=True)
    expected = ours(old_weight=0.99, variance="biased")
    np.testing.assert_allclose(np.array(layer.moving_mean), expected.mean, rtol=1e-4)
    np.testing.assert_allclose(np.array(layer.moving_variance), expected.var, rtol=1e-4)
    assert layer.epsilon == 1e-3
    y = batchnorm_inference(BATCHES[0], np.ones(4), np.zeros(4), expected, eps=1e-3)
    np.testing.assert_allclose(np.array(layer(BATCHES[0].astype(np.float32), training=False)), y, atol=1e-3)


@pytest.mark.filterwarnings("default")
def test_flax_weighs_the_old_memory_and_remembers_the_biased_variance():
    nn = pytest.importorskip("flax.linen")
    jax = pytest.importorskip("jax")
    layer = nn.BatchNorm(use_running_average=False)
    state = layer.init(jax.random.key(0), BATCHES[0])
    for x in BATCHES:
        _, changed = layer.apply(state, x, mutable=["batch_stats"])
        state = {**state, **changed}
    expected = ours(old_weight=0.99, variance="biased")
    np.testing.assert_allclose(state["batch_stats"]["mean"], expected.mean, rtol=1e-4)
    np.testing.assert_allclose(state["batch_stats"]["var"], expected.var, rtol=1e-4)
    assert layer.epsilon == 1e-5
