"""The functions of one CS231n file, judged in the light of those they call. Chapter: gradient-checking.

What fails as it stands is asked again with right functions standing in for the wrong ones it calls. What
passes then is right by itself, and its fault is laid where it was made.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from typing import Any

from bncourse.exercises.cs231n_blame import Chain, blamed
from bncourse.exercises.cs231n_families import FUNCTIONS, Family, family_of
from bncourse.exercises.cs231n_stand_ins import STAND_INS, called_by, standing_in
from bncourse.exercises.judging import judge
from bncourse.exercises.sandbox import is_unwritten
from bncourse.exercises.verdict import Verdict

__all__ = ["Assignment"]

Function = Callable[..., Any]
_CLEAR = ("exact", "coefficients", "pair")  # evidence that names something, strongest first
_MISFITS = ("ValueError", "TypeError", "IndexError", "KeyError")  # what a cache of other shapes leads to
_GAVE_OUTPUT = ("pass", "fail", "broken_contract")


@dataclass(eq=False)
class Assignment:
    """The functions by name, and what was found of each so far.

    >>> given = Assignment({"layernorm_forward": lambda x, gamma, beta, ln_param: (x, None)}, 5.0)
    >>> given.verdict("layernorm_forward").status
    'fail'
    """

    functions: Mapping[str, Function]
    limit: float
    found: dict[str, Verdict] = field(default_factory=dict)
    trained: dict[str, Verdict] = field(default_factory=dict)  # on a forward's output in training

    def verdict(self, name: str) -> Verdict:
        """The verdict on one function; those it depends on are judged first."""
        if name not in self.found:
            self.found[name] = Verdict(name, "pass")  # what calls itself is not its own excuse
            judged = self._backward(name) if name in family_of(name).backwards else self._forward(name)
            self.found[name] = replace(judged, check=name)
        return self.found[name]

    def keeps_wrong_values(self, name: str) -> str | None:
        """The function that is right, but for what this one, with a right output, gave it."""
        verdict = self.found[name]
        if not verdict or verdict.inherited_from:
            return None
        return next((one.check for one in self.found.values() if one and one.inherited_from == name), None)

    def _forward(self, name: str) -> Verdict:
        family = family_of(name)
        parts = self._parts(family)
        self.trained[name], chosen = parts[0], _chosen(parts)
        if chosen or chosen.status == "not_attempted":
            return chosen
        again = partial(self._whole, family)
        wrong = self._wrong_below(name)
        return self._excused(wrong, again) or chosen

    def _whole(self, family: Family) -> Verdict:
        return _chosen(self._parts(family))

    def _parts(self, family: Family) -> list[Verdict]:
        """Output in training first; the rest only when there is one."""
        verdicts: list[Verdict] = []
        for row, part in family.parts(self.functions[family.forward]):
            verdicts.append(replace(judge(row, part, limit=self.limit), check=family.forward))
            if verdicts[-1].status in ("not_attempted", "timeout") and len(verdicts) == 1:
                break
        return verdicts

    def _backward(self, name: str) -> Verdict:
        family, fn = family_of(name), self.functions[name]
        if is_unwritten(fn):
            return Verdict(name, "not_attempted", "call.not-attempted")
        forward = family.forward
        trained = Verdict(forward, "not_attempted")
        if forward in self.functions:
            self.verdict(forward)
            trained = self.trained[forward]
        wrong = self._wrong_below(name)
        if trained.status not in _GAVE_OUTPUT:
            return self._without_cache(name, wrong)
        found = self._chain(name).verdict(self.limit)
        if found or found.status == "not_attempted":
            return found
        excuse = self._excused(wrong, lambda: self._chain(name, wrong).verdict(self.limit))
        if excuse or found.status == "timeout":
            return excuse or found
        if found.status == "error" and not self._chain(name).always_has_cache(self.limit):
            return Verdict(name, "broken_contract", inherited_from=forward)
        laid = blamed(
            self._chain(name), found, replace(trained, check=self._origin(forward)), limit=self.limit
        )
        if (
            not laid and not trained and laid.param("error").startswith(_MISFITS)
        ):  # a cache of a wrong forward
            laid = Verdict(name, "broken_contract", inherited_from=trained.check)
        if wrong and not laid.inherited_from:
            return self._with_stand_ins(name, wrong, laid)
        return laid

    def _chain(self, name: str, wrong: Sequence[str] = ()) -> Chain:
        """Forward and backward; the forward is a stand-in as well where the backward's cache must be one."""
        family = family_of(name)
        forward = self.functions[family.forward]
        if any(one in family.names for one in wrong):
            forward = STAND_INS[family.forward]
        return Chain(family, forward, self.functions[name])

    def _without_cache(self, name: str, wrong: list[str]) -> Verdict:
        """There is none as things stand: with what the forward calls put right there may be."""
        family = family_of(name)
        if wrong and family.forward in self.functions:
            found = self._with_stand_ins(name, wrong, None)
            if found.status != "broken_contract":
                return found
        # A start that was not touched does not look at it; what was written cannot be judged.
        chain = Chain(family, lambda x, *_: (x, None), self.functions[name])
        found = chain.verdict(self.limit)
        if found.status == "not_attempted":
            return found
        return Verdict(name, "broken_contract", inherited_from=family.forward)

    def _with_stand_ins(self, name: str, wrong: list[str], otherwise: Verdict | None) -> Verdict:
        """The verdict on a backward when all that is wrong below it and its forward is put right."""
        otherwise = Verdict(name, "broken_contract") if otherwise is None else otherwise
        family = family_of(name)
        with standing_in(self.functions, _families(wrong)):
            trained = self._parts(family)[0]
            if trained.status not in _GAVE_OUTPUT:
                return otherwise
            chain = self._chain(name, wrong)
            found = chain.verdict(self.limit)
            if found:
                return replace(found, inherited_from=self._origin(wrong[0]))
            laid = blamed(chain, found, trained, limit=self.limit)
        return laid if laid or laid.evidence in _CLEAR else otherwise

    def _excused(self, wrong: list[str], again: Callable[[], Verdict]) -> Verdict | None:
        """The verdict with the origin of the fault, where one of these, or all, put right make it right."""
        tries = [[one] for one in wrong] + ([wrong] if len(wrong) > 1 else [])
        for names, own_cache in product(tries, (False, True)):
            with standing_in(self.functions, _families(names), own_cache=own_cache):
                verdict = again()
            if verdict:
                return replace(verdict, inherited_from=self._origin(names[0]))
        return None

    def _origin(self, name: str) -> str:
        """Where a fault of this function was made."""
        return self.found[name].inherited_from or name

    def _wrong_below(self, name: str) -> list[str]:
        """What it calls, it and its forward, and is not right, in the order of the assignment."""
        forward = family_of(name).forward
        callers = {one for one in (name, forward) if one in self.functions}
        called = {one for caller in callers for one in called_by(self.functions[caller], self.functions)}
        return [one for one in FUNCTIONS if one in called - {name, forward} and self._is_wrong(one)]

    def _is_wrong(self, name: str) -> bool:
        for one in family_of(name).names:
            if one in self.functions:
                self.verdict(one)
        verdict = self.found[name]
        return not verdict or bool(verdict.inherited_from or self.keeps_wrong_values(name))


def _families(names: Sequence[str]) -> list[str]:
    """A forward and its backwards share a cache, so they are replaced together."""
    return list(dict.fromkeys(one for name in names for one in family_of(name).names))


def _chosen(parts: list[Verdict]) -> Verdict:
    """What stopped the first call; else the clearest name, both modes together asked before each alone."""
    if parts[0].status not in ("pass", "fail"):
        return parts[0]
    wrong = [part for part in (*parts[-1:], *parts[:-1]) if not part]
    for evidence in _CLEAR:
        for part in wrong:
            if part.evidence == evidence:
                return part
    first = next((part for part in parts if not part), parts[0])
    if first.status == "not_attempted":  # one mode is written, the other is not
        return replace(first, status="error", code="call.none")
    return first
