"""The embedded pictures: the same bytes everywhere, balanced, different, and not solved by colour."""

import numpy as np
import pytest

from bncourse.data import Dataset, load
from bncourse.errors import DataError

# Results recorded on shapes hold for these bytes. When they change, every such result must be measured anew.
DIGEST = "a9f0eaaf71582ed885f231b603982e2a5f2400158686c1c2ede89802860cc168"


@pytest.fixture(scope="module")
def shapes() -> Dataset:
    return load("shapes")


def test_the_default_set_never_changes(shapes: Dataset) -> None:
    assert shapes.digest == DIGEST
    assert shapes.source == "embedded shapes, seed 0"
    assert (len(shapes.train_labels), len(shapes.test_labels)) == (5_000, 1_000)


def test_one_seed_one_set_another_seed_another() -> None:
    sets = [load("shapes", train=50, test=20, seed=seed) for seed in (3, 3, 4)]
    assert sets[0].digest == sets[1].digest != sets[2].digest
    assert sets[2].source == "embedded shapes, seed 4"


def test_classes_are_balanced(shapes: Dataset) -> None:
    assert np.bincount(shapes.train_labels).tolist() == [500] * 10
    assert np.bincount(shapes.test_labels).tolist() == [100] * 10
    odd = np.bincount(load("shapes", train=33, test=7).train_labels)
    assert sorted(set(odd.tolist())) == [3, 4]


def test_labels_come_in_no_order(shapes: Dataset) -> None:
    # In a random order each label equals the next one about one time in ten.
    repeats = np.mean(shapes.train_labels[1:] == shapes.train_labels[:-1])
    assert 0.07 < repeats < 0.13


def test_no_picture_twice_and_none_in_both_parts(shapes: Dataset) -> None:
    pictures = [image.tobytes() for part in (shapes.train_images, shapes.test_images) for image in part]
    assert len(set(pictures)) == len(pictures)


def test_the_same_seed_and_size_draw_other_pictures_for_testing() -> None:
    data = load("shapes", train=100, test=100)
    assert not np.array_equal(data.train_images, data.test_images)


def test_light_and_contrast_vary_widely(shapes: Dataset) -> None:
    pictures = shapes.train_images.reshape(5_000, -1).astype(float)
    assert np.ptp(np.percentile(pictures.mean(axis=1), [5, 95])) > 60
    spread = np.percentile(pictures.std(axis=1), [5, 95])
    assert spread[1] / spread[0] > 2


def test_mean_colour_does_not_tell_the_class(shapes: Dataset) -> None:
    colours = shapes.train_images.mean(axis=(2, 3))
    centres = np.stack([colours[shapes.train_labels == label].mean(axis=0) for label in range(10)])
    distance = np.square(shapes.test_images.mean(axis=(2, 3))[:, None] - centres).sum(axis=2)
    assert np.mean(distance.argmin(axis=1) == shapes.test_labels) < 0.16


@pytest.mark.parametrize(("word", "value", "least"), [("train", 0, 1), ("test", -5, 1), ("seed", -1, 0)])
def test_settings_that_make_no_set(word: str, value: int, least: int) -> None:
    with pytest.raises(DataError) as caught:
        load("shapes", **{word: value})
    assert str(caught.value) == (f"must hold: {word} is {least} or larger; got: {value}; try: {word}={least}")


def test_a_set_shows_what_it_is() -> None:
    text = "Dataset('shapes', 20 training and 10 test images; embedded shapes, seed 0)"
    assert repr(load("shapes", train=20, test=10)) == text
