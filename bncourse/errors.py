"""Errors that teach: what must hold, what arrived, what to try.

Chapter: start-here explains how to read one; every chapter shows some.
"""

__all__ = ["BncourseError", "DataError", "ShapeError", "StateError"]


class BncourseError(ValueError):
    """Something a reader passed in cannot be right. Its text has three parts.

    >>> raise ShapeError("x is (N, D)", got="shape (3,)", hint="x[:, None]")
    Traceback (most recent call last):
    ...
    bncourse.errors.ShapeError: must hold: x is (N, D); got: shape (3,); try: x[:, None]
    """

    def __init__(self, must_hold: str, *, got: str, hint: str) -> None:
        self.must_hold, self.got, self.hint = must_hold, got, hint
        super().__init__(f"must hold: {must_hold}; got: {got}; try: {hint}")

    def __reduce__(self) -> tuple[object, ...]:
        # The default would call the class with the joined text only; errors cross process borders.
        return _rebuild, (type(self), self.must_hold, self.got, self.hint)


def _rebuild(kind: type[BncourseError], must_hold: str, got: str, hint: str) -> BncourseError:
    return kind(must_hold, got=got, hint=hint)


class ShapeError(BncourseError):
    """An array has the wrong rank, shape, dtype or values."""


class StateError(BncourseError):
    """A call came in the wrong state, or with a setting that does not exist."""


class DataError(BncourseError):
    """A file, a download or a data set is not what it should be."""
