"""The embedded data set: ten classes of drawn 32×32 colour pictures. Chapter: start-here.

Every number is an integer and every random bit is a raw word of PCG64, whose stream NumPy
promises to keep; so the same seed gives the same bytes on every machine and NumPy version.

Letters: B pictures of one class; u, v a picture's own coordinates and r its size, all in 1/16 pixel.
"""

import math

import numpy as np
from jaxtyping import Bool, Int32, Int64, UInt8

from bncourse.data.dataset import Dataset, with_digest
from bncourse.errors import DataError

__all__ = ["CLASSES", "make_shapes"]

CLASSES = (
    "disc", "ring", "crescent", "square", "triangle", "cross",
    "horizontal stripes", "vertical stripes", "diagonal stripes", "checkerboard",
)  # fmt: skip
UPRIGHT = frozenset(CLASSES[6:9])  # turning these would change the class
PIXEL = 16  # units of u, v and r to a pixel
TURN = 64  # angles to a full turn
COSINE = np.array([round(1024 * math.cos(2 * math.pi * k / TURN)) for k in range(TURN)], dtype=np.int32)

Plane = Int32[np.ndarray, "B 32 32"]
Mask = Bool[np.ndarray, "B 32 32"]
Column = Int32[np.ndarray, "B 1 1"]  # one number a picture, ready to meet a plane
Part = tuple[UInt8[np.ndarray, "N 3 32 32"], Int64[np.ndarray, "N"]]


def make_shapes(train: int = 5_000, test: int = 1_000, seed: int = 0) -> Dataset:
    """Draw the data set: random place, size, turn, colours, clutter, brightness, contrast and noise.

    Args:
        train, test: how many pictures; every class has the same number, give or take one.
        seed: 0 or larger. Training and test pictures come from two streams of it.

    Raises:
        DataError: no pictures asked for, or a negative seed.

    >>> data = make_shapes(train=20, test=10, seed=1)
    >>> np.bincount(data.train_labels).tolist()
    [2, 2, 2, 2, 2, 2, 2, 2, 2, 2]
    """
    for word, value, least in (("train", train, 1), ("test", test, 1), ("seed", seed, 0)):
        if value < least:
            raise DataError(f"{word} is {least} or larger", got=str(value), hint=f"{word}={least}")
    parts = [_draw_part(count, np.random.PCG64([seed, stream])) for stream, count in enumerate((train, test))]
    return with_digest("shapes", f"embedded shapes, seed {seed}", CLASSES, *parts)


def _draw_part(count: int, bits: np.random.PCG64) -> Part:
    labels = np.argsort(bits.random_raw(count), kind="stable").astype(np.int64) % len(CLASSES)
    images = np.empty((count, 3, 32, 32), dtype=np.uint8)
    for label in range(len(CLASSES)):
        chosen = np.flatnonzero(labels == label)
        images[chosen] = _draw_class(CLASSES[label], len(chosen), bits)
    return images, labels


def _draw_class(name: str, count: int, bits: np.random.PCG64) -> UInt8[np.ndarray, "B 3 32 32"]:
    """B pictures of one class: background + slope + clutter + shape, then light and noise."""
    shape = _mask(name, count, bits)
    clutter = _clutter(count, bits)
    background = _integers(bits, 40, 216, (count, 3, 1, 1))
    # Signed per channel, so that no colour and no sign of contrast tells the class.
    contrast = _integers(bits, 16, 112, (count, 1, 1, 1))
    shape_colour = _integers(bits, 128, 257, (count, 3, 1, 1)) * _signs(bits, (count, 3, 1, 1))
    clutter_colour = _integers(bits, -200, 201, (count, 3, 1, 1))
    rows = np.arange(-16, 16, dtype=np.int32)
    slope_y, slope_x = _integers(bits, -64, 65, (2, count, 1, 1, 1))
    slope = (slope_y * rows[:, None] + slope_x * rows) // 16
    paint = np.where(shape[:, None], shape_colour, np.where(clutter[:, None], clutter_colour, slope))
    noise = bits.random_raw(count * 3 * 32 * 32 // 8).astype("<u8").view(np.uint8).reshape(count, 3, 32, 32)
    picture = background + contrast * paint // 256 + noise.astype(np.int32) // 8 - 16
    pixels: UInt8[np.ndarray, "B 3 32 32"] = np.clip(picture, 0, 255).astype(np.uint8)
    return pixels


def _mask(name: str, count: int, bits: np.random.PCG64) -> Mask:
    """Which pixels the shape covers."""
    column = (count, 1, 1)
    r = _integers(bits, 7 * PIXEL, 12 * PIXEL, column)
    shift_x, shift_y = _integers(bits, -5 * PIXEL, 5 * PIXEL + 1, (2, *column))
    angle = _integers(bits, 0, TURN, column)
    if name in UPRIGHT:
        angle = np.zeros_like(angle)
    centred = PIXEL * np.arange(-16, 16, dtype=np.int32) + PIXEL // 2
    x, y = centred - shift_x, centred[:, None] - shift_y
    cos, sin = COSINE[angle], COSINE[(angle - TURN // 4) % TURN]
    u, v = (cos * x + sin * y) // 1024, (cos * y - sin * x) // 1024
    period = _integers(bits, 5 * PIXEL, 9 * PIXEL, column)
    lean = _signs(bits, column)
    return _inside(name, u, v, r) if name in CLASSES[:6] else _pattern(name, u, v * lean, period)


def _inside(name: str, u: Plane, v: Plane, r: Column) -> Mask:
    """The six outlines, each about as large as a disc of radius r."""
    square_radius = u * u + v * v
    inside: Mask
    if name == "disc":
        inside = square_radius <= r * r
    elif name == "ring":
        inside = (square_radius <= r * r) & (square_radius >= (r * 9 // 16) ** 2)
    elif name == "crescent":
        inside = (square_radius <= r * r) & ((u - r // 2) ** 2 + v * v > (r * 3 // 4) ** 2)
    elif name == "square":
        inside = np.maximum(abs(u), abs(v)) <= r * 7 // 8
    elif name == "triangle":
        inside = (v <= r // 2) & (7 * abs(u) <= 4 * (v + r))  # 7/4 is near the square root of 3
    else:  # cross
        inside = (np.minimum(abs(u), abs(v)) <= r // 4) & (np.maximum(abs(u), abs(v)) <= r)
    return inside


def _pattern(name: str, u: Plane, v: Plane, period: Column) -> Mask:
    """The four patterns that fill the picture; v carries the sign that leans the diagonals."""
    covered: Mask
    if name == "horizontal stripes":
        covered = v % period < period // 2
    elif name == "vertical stripes":
        covered = u % period < period // 2
    elif name == "diagonal stripes":
        wider = period * 7 // 5  # so that the stripes are as broad as the upright ones
        covered = (u + v) % wider < wider // 2
    else:  # checkerboard
        covered = (u % (2 * period) < period) ^ (v % (2 * period) < period)
    return covered


def _clutter(count: int, bits: np.random.PCG64) -> Mask:
    """Three small discs a picture, anywhere: colour spots that say nothing about the class."""
    grid = np.arange(32, dtype=np.int32)
    y, x = _integers(bits, 0, 32, (2, count, 3, 1, 1))
    size = _integers(bits, 2, 12, (count, 3, 1, 1))
    spots: Mask = ((grid[:, None] - y) ** 2 + (grid - x) ** 2 <= size).any(axis=1)
    return spots


def _integers(bits: np.random.PCG64, low: int, high: int, shape: tuple[int, ...]) -> Int32[np.ndarray, "..."]:
    """Integers low ≤ k < high from the top half of raw words; their bias is below 2**-20."""
    words = bits.random_raw(math.prod(shape)) >> np.uint64(32)
    return (low + (words * np.uint64(high - low) >> np.uint64(32)).astype(np.int32)).reshape(shape)


def _signs(bits: np.random.PCG64, shape: tuple[int, ...]) -> Int32[np.ndarray, "..."]:
    return _integers(bits, 0, 2, shape) * 2 - 1
