"""Pixels are scaled as named, and shifted and mirrored as promised."""

import numpy as np
import torch

from bncourse.experiments.pixels import augment, pixel_moments, scale_moments, standardise


def test_pixels_become_standard() -> None:
    images = np.random.default_rng(0).integers(0, 200, (20, 3, 8, 8), dtype=np.uint8)
    images[:, 1] //= 4
    y = standardise(torch.tensor(images), *pixel_moments(images))
    torch.testing.assert_close(y.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(y.std(dim=(0, 2, 3), correction=0), torch.ones(3), atol=1e-5, rtol=0)


def test_each_augmented_image_is_one_of_the_162_shifted_and_mirrored_ones() -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (40, 3, 8, 6), dtype=torch.uint8, generator=generator)
    seen = set()
    for image, changed in zip(images, augment(images, generator), strict=True):
        padded = torch.nn.functional.pad(image, (4, 4, 4, 4))
        matches = []
        for down in range(9):
            for right in range(9):
                window = padded[:, down : down + 8, right : right + 6]
                matches += [(down, right, False)] * bool(torch.equal(window, changed))
                matches += [(down, right, True)] * bool(torch.equal(window.flip(2), changed))
        assert len(matches) == 1
        seen.add(matches[0])
    assert len(seen) > 30
    assert 8 < sum(mirrored for *_, mirrored in seen) < 32
    assert {down for down, *_ in seen} == {right for _, right, _ in seen} == set(range(9))


def test_the_same_generator_augments_alike() -> None:
    images = torch.randint(0, 256, (8, 3, 32, 32), dtype=torch.uint8)
    twice = [augment(images, torch.Generator().manual_seed(3)) for _ in range(2)]
    assert torch.equal(*twice)
    assert not torch.equal(twice[0], images)


def test_unit_and_raw_scale_whatever_the_images_are() -> None:
    images = np.array([0, 51, 255], dtype=np.uint8).reshape(1, 3, 1, 1)
    for scale, expected in (("unit", [0.0, 0.2, 1.0]), ("raw", [0.0, 51.0, 255.0])):
        pixels = standardise(torch.tensor(images), *scale_moments(scale, images)).flatten()
        torch.testing.assert_close(pixels, torch.tensor(expected))
