"""The weights of an answer's terms, when the same ones give every number. Chapter: simplified-backward."""

from collections.abc import Sequence

import numpy as np

from bncourse.exercises.contract import distance
from bncourse.exercises.probes import Probe

__all__ = ["fitted", "rounded"]


def rounded(value: float) -> str:
    """Two significant digits, and no more zeros than needed: the same text on every run.

    >>> rounded(0.3701), rounded(-3.0), rounded(12345.0), rounded(1e-17)
    ('0.37', '-3', '12000', '0')
    """
    if abs(value) < 1e-9:
        return "0"
    text = np.format_float_positional(float(f"{value:.1e}"), trim="-")
    return str(text)


Column = tuple[dict[str, np.ndarray], np.ndarray]


def fitted(columns: Sequence[Column], probes: Sequence[Probe]) -> dict[str, float] | None:
    """Weights by least squares on all probes at once; None unless they give every probe's numbers.

    Each feature is measured in units of its own terms, so a wide one does not drown a narrow one.

    >>> a, b = np.array([1.0, 2.0, 0.0]), np.array([0.0, 1.0, 1.0])
    >>> fitted([({"a": a, "b": b}, a + 3 * b)], [Probe(())])
    {'a': 1.0, 'b': 3.0}
    """
    names = list(columns[0][0])
    rows, targets = [], []
    for parts, mine in columns:
        size = sum(np.abs(parts[name]).max(axis=0) for name in names) if mine.ndim > 1 else 1.0
        size = np.maximum(size, 1e-3 * np.max(size)) + 1e-300
        rows.append(np.stack([(parts[name] / size).ravel() for name in names], axis=1))
        targets.append((mine / size).ravel())
    found = np.linalg.lstsq(np.concatenate(rows), np.concatenate(targets), rcond=None)[0]
    weights = np.array([round(float(weight), 4) for weight in found])
    snapped = np.where(np.abs(weights - np.round(weights)) < 1e-3, np.round(weights), weights)
    for (parts, mine), probe in zip(columns, probes, strict=True):
        sum_of_terms = sum(weight * parts[name] for weight, name in zip(snapped, names, strict=True))
        if distance(np.asarray(sum_of_terms), mine) > max(1e-3, probe.tolerance):
            return None
    return dict(zip(names, map(float, snapped), strict=True))
