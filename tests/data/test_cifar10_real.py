"""The real images, where a developer keeps them beside the repository (a JPEG copy, slightly lossy)."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bncourse.data import Dataset, load

COPY = Path(__file__).parents[3] / "shared" / "data" / "cifar10"
FIRST_TEN = ["frog", "truck", "truck", "deer", "automobile", "automobile", "bird", "horse", "ship", "cat"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not COPY.is_dir(), reason="no real CIFAR-10 in ../shared/data/cifar10"),
]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    pytest.importorskip("PIL", reason="unpacking the JPEG copy needs Pillow")
    root = tmp_path_factory.mktemp("real")
    subprocess.run([sys.executable, str(COPY / "to_binary.py"), str(root)], check=True)
    return load("cifar10", root=root)


def test_every_class_has_its_published_number(real: Dataset) -> None:
    assert np.bincount(real.train_labels).tolist() == [5_000] * 10
    assert np.bincount(real.test_labels).tolist() == [1_000] * 10


def test_order_is_the_official_one(real: Dataset) -> None:
    assert [real.classes[label] for label in real.train_labels[:10]] == FIRST_TEN


def test_channel_moments_are_the_known_ones(real: Dataset) -> None:
    # Mean and standard deviation of the official training pixels, as printed in countless programs.
    pixels = real.train_images.transpose(1, 0, 2, 3).reshape(3, -1) / 255.0
    np.testing.assert_allclose(pixels.mean(axis=1), [0.4914, 0.4822, 0.4465], atol=2e-3)
    np.testing.assert_allclose(pixels.std(axis=1), [0.2470, 0.2435, 0.2616], atol=6e-3)


def test_neighbouring_pixels_are_alike(real: Dataset) -> None:
    # Wrong strides or planes would leave noise: neighbours in a row, in a column and across channels agree.
    images = real.test_images[:1_000].astype(float)
    for one, other in [
        (images[..., :-1], images[..., 1:]),
        (images[..., :-1, :], images[..., 1:, :]),
        (images[:, 0], images[:, 1]),
    ]:
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.85
