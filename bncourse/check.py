"""Pass a function in, hear what is wrong with it: one check an exercise. Chapter: start-here.

    from bncourse import check
    check.batchnorm_forward(my_forward)      # shows a verdict and returns it
    check.batchnorm_forward.hint()
    check.batchnorm_backward.staged(dvar=my_dvar)
    check.my_tests("batchnorm_backward", my_test)
    wrong = check.mystery("batchnorm_backward", 1)     # a function with one slip, to be probed
    check.named(wrong, "backward.gamma-missing")       # and named; check.versions lists the names

Loads NumPy and nothing heavier.
"""

from bncourse.exercises.checks import Check, StagedCheck, my_tests
from bncourse.exercises.mystery import mystery, named, versions
from bncourse.exercises.specs import EXERCISES

__all__ = ["ALL", "my_tests", "mystery", "named", "versions"]

ALL: dict[str, Check] = {
    name: StagedCheck(name) if name == "batchnorm_backward" else Check(name)
    for name, row in EXERCISES.items()
    if not row.takes_class
}


def __getattr__(name: str) -> Check:
    if name in ALL:
        return ALL[name]
    raise AttributeError(f"there is no exercise {name}; there are {', '.join(ALL)}")


def __dir__() -> list[str]:
    return [*ALL, *__all__]
