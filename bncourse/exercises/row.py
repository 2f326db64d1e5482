"""What the checker must know about an exercise: one row of `specs`. Chapter: gradient-checking."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from bncourse import mistakes
from bncourse.exercises.contract import Answer, read
from bncourse.exercises.examples_networks import NETWORK_EXAMPLES
from bncourse.exercises.probes import EXAMPLES, PROBES, Probe
from bncourse.exercises.probes_networks import NETWORK_PROBES
from bncourse.exercises.structures import STRUCTURE_EXAMPLES, STRUCTURE_PROBES

__all__ = ["Exercise", "Function", "Terms", "keyword_last"]

Function = Callable[..., Any]
Terms = dict[str, dict[str, np.ndarray]]  # output -> term -> its right value

_PROBES = PROBES | NETWORK_PROBES | STRUCTURE_PROBES
_EXAMPLES: dict[str, Callable[[], list[Probe]]] = {
    **{name: partial(list, probes) for name, probes in (EXAMPLES | NETWORK_EXAMPLES).items()},
    **STRUCTURE_EXAMPLES,
}


@dataclass(frozen=True)
class Exercise:
    """An exercise as the checker sees it.

    `parameters` and `outputs` are the names in the order of the learner's function. `adapt` turns a
    function of `bncourse.mistakes` (subject `subject`) into one with the learner's arguments. `terms`
    gives the parts whose sum each output is, for coefficients. `pairs` gives two slips in one
    function, where adding their differences is not enough. `relatives` are twins of other subjects,
    `variants` other ways to the same mistake. `promote` turns a code of the contract
    into that of a twin. `class_form` is the row that judges a class instead of a function.

    `flatten` is for results that are no arrays (a list of them, layers, groups): it gets the result and
    the arguments it came from, and returns the arrays that are compared, or an Answer with a problem.
    `handed_on` names outputs that may be an argument as it came.

    >>> from bncourse.exercises.specs import exercise
    >>> exercise("batchnorm_backward").outputs
    ('dx', 'dgamma', 'dbeta')
    """

    name: str
    subject: str
    chapter: str
    parameters: tuple[str, ...]
    outputs: tuple[str, ...]
    adapt: Callable[[Function], Function] = lambda fn: fn
    terms: Callable[[Probe], Terms] | None = None
    pairs: Callable[[], Mapping[tuple[str, str], Function]] = dict
    relatives: Callable[[], Mapping[str, Function]] = dict
    variants: tuple[tuple[str, Function], ...] = ()
    promote: tuple[tuple[str, str], ...] = ()
    flatten: Callable[[Any, tuple[Any, ...]], Any] | None = None
    handed_on: tuple[str, ...] = ()
    class_form: str | None = None
    takes_class: bool = False

    def right(self) -> Function:
        """The right function, called as a learner's.

        >>> from bncourse.exercises.specs import exercise
        >>> y = exercise("batchnorm_forward").right()(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), 3.0)
        >>> y.ravel()
        array([-0.5,  0.5])
        """
        return self.adapt(mistakes.right(self.subject))

    def twins(self) -> dict[str, Function]:
        """Every wrong twin by its code, called as a learner's.

        >>> from bncourse.exercises.specs import exercise
        >>> len(exercise("inference").twins())
        6
        """
        own = {mistake.code: self.adapt(mistake.fn) for mistake in mistakes.of(self.subject)}
        return {**own, **self.relatives()}

    def probes(self, rng: np.random.Generator) -> list[Probe]:
        """New inputs that decide.

        >>> from bncourse.exercises.specs import exercise
        >>> len(exercise("inference").probes(np.random.default_rng(0)))
        5
        """
        return _PROBES[self.name](rng)

    def examples(self) -> list[Probe]:
        """Fixed inputs that show.

        >>> from bncourse.exercises.specs import exercise
        >>> exercise("inference").examples()[0].given[0].shape
        (3, 1)
        """
        return _EXAMPLES[self.name]()

    def read(self, value: Any, given: tuple[Any, ...], right: Sequence[np.ndarray]) -> Answer:
        """A learner's result for the arguments `given`, as arrays beside the right ones.

        >>> from bncourse.exercises.specs import exercise
        >>> exercise("inference").read(np.zeros((1, 2)), (), [np.zeros((1, 1))]).problem
        'contract.shape'
        """
        if self.flatten is None:
            return read(value, self.outputs, right)
        flatten = self.flatten
        return read(value, self.outputs, right, lambda result: flatten(result, given))

    def arrays(self, value: Any, given: tuple[Any, ...]) -> tuple[np.ndarray, ...]:
        """The result of one of our own functions as arrays.

        >>> from bncourse.exercises.specs import exercise
        >>> exercise("merge_stats").arrays((7, np.zeros(1), np.ones(1)), ())[0]
        array(7)
        """
        if self.flatten:
            value = self.flatten(value, given)
        parts = value if isinstance(value, tuple) else (value,)
        return tuple(np.asarray(part) for part in parts)


def keyword_last(count: int, name: str) -> Callable[[Function], Function]:
    """An adapter: after `count` arguments, the one called `name` may come by place, by name or not at all.

    >>> keyword_last(1, "eps")(lambda x, *, eps=1e-5: (x, eps))(1, 0.5)
    (1, 0.5)
    """

    def adapted(fn: Function) -> Function:
        def called(*args: Any, **named: Any) -> Any:
            return fn(*args[:count], **dict(zip((name,), args[count:], strict=False)), **named)

        return called

    return adapted
