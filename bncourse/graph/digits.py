"""Numbers as the picture shows them: four digits, the same from Python and in the page.

Chapter: computational-graph. graph.js holds the twin of `shown`.
"""

from decimal import ROUND_HALF_UP, Context

import numpy as np

__all__ = ["shown"]

# JavaScript rounds halves away from zero; Python's own formats round them to even.
_FOUR = Context(prec=4, rounding=ROUND_HALF_UP)


def shown(number: float) -> str:
    """Four significant digits; what is below 1e-12 is the rounding of a zero and shown as one.

    >>> [shown(z) for z in (0.015625, -0.0, 1e-17, 12345.6, 2.0, 1.5e-5, -3e7)]
    ['0.01563', '0', '0', '12350', '2', '1.5e-5', '-3e+7']
    """
    rounded = float(_FOUR.create_decimal_from_float(float(number)))
    size = abs(rounded)
    if size < 1e-12:
        return "0"
    if 1e-4 <= size < 1e6:
        return np.format_float_positional(rounded, trim="-")
    return np.format_float_scientific(rounded, trim="-", exp_digits=1)
