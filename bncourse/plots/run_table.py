"""Recorded runs as tables: what came out, where it came from, how to repeat it. Chapter: results."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from statistics import fmean
from typing import Any

from bncourse.errors import BncourseError, StateError
from bncourse.experiments.config import RunConfig
from bncourse.experiments.provenance import code_hash, is_current
from bncourse.experiments.recipes import RECIPES, has_full, plan
from bncourse.experiments.store import Row, read_rows
from bncourse.plots.theme import label

__all__ = ["BENCHMARK_CODE", "RunTable", "commands", "run_table"]

# What decides the numbers of the one benchmark whose rows are kept, see benchmarks/backward.py.
BENCHMARK_CODE = ("reference/staged.py", "reference/simplified.py")
_BENCHMARK = "make bench ARGS=--record"

# Always said, even when all runs have the default; a seed and the grain of a curve are no arms.
_ALWAYS = ("model", "width", "train_size", "batch_size", "epochs", "optimiser")
_NO_ARM = ("experiment", "data", "seed", "log_every")
_MOST_SEEDS = 10

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class RunTable:
    """The tables of one experiment; shows itself in a notebook, long parts folded.

    keys: of the runs that are listed, in the order of the list; html: the tables

    >>> RunTable("first-look", (), "<p></p>").keys
    ()
    """

    experiment: str
    keys: tuple[str, ...]
    html: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"RunTable({self.experiment!r})"


def run_table(experiment: str, rows: Sequence[Row] | None = None) -> RunTable:
    """Every recorded run of an experiment, with its provenance and the command that repeats it.

    Without `rows` the recorded ones are read. Words are in the reader's language, names of settings are
    those of `RunConfig`.

    >>> run_table("first-look", [])
    RunTable('first-look')
    """
    rows = read_rows(experiment) if rows is None else rows
    if not rows:
        return RunTable(experiment, (), f"<p>{escape(label('no run is recorded yet'))}</p>")
    settings = [_settings(row) for row in rows]
    varied = [name for name in settings[0] if name not in _NO_ARM and _differs(settings, name)]
    order = sorted(range(len(rows)), key=lambda k: (_place(settings[k], varied), settings[k]["seed"]))
    rows, settings = [rows[k] for k in order], [settings[k] for k in order]
    arms = _arms(rows, settings, varied)
    html = (
        f'<div class="bn-runs">{_facts(experiment, rows, settings, varied)}'
        f"{_folded('result of each arm', arms, open_=len(arms) <= 13)}"
        f"{_folded('every run', _runs(rows, settings, varied))}</div>"
    )
    return RunTable(experiment, tuple(row["key"] for row in rows), html)


def commands(experiment: str, keys: Sequence[str]) -> tuple[list[str], set[str]]:
    """The commands that run what has these keys and nothing that is not planned, and the keys left over.

    >>> commands("first-look", [])
    ([], set())
    """
    if experiment not in RECIPES:
        return [_BENCHMARK], set()
    left, found = set(keys), []
    for full in (False, True) if has_full(experiment) else (False,):
        for seeds in range(1, _MOST_SEEDS + 1):
            with suppress(StateError):  # a plan may rest on rows that are not there
                covered = left & {config.key() for config in plan(experiment, seeds, full=full)}
                if covered and covered == left & _all_planned(experiment, full):
                    option = " --full" if full else ""
                    found.append(f"python -m bncourse experiment run {experiment} --seeds {seeds}{option}")
                    left -= covered
                    break
    return found, left


def _all_planned(experiment: str, full: bool) -> set[str]:
    return {config.key() for config in plan(experiment, _MOST_SEEDS, full=full)}


def _settings(row: Row) -> Settings:
    """The config, with defaults of fields that came in after the row; a benchmark's as it is."""
    with suppress(BncourseError):
        return RunConfig.from_json(row["config"]).to_json()
    content: Settings = row["config"]
    return content


def _differs(settings: Sequence[Settings], name: str) -> bool:
    return len({repr(one.get(name)) for one in settings}) > 1


def _place(settings: Settings, names: Sequence[str]) -> tuple[Any, ...]:
    # Numbers by size and words by letter, in one order.
    return tuple(
        (0, value, "") if isinstance(value, int | float) else (1, 0, str(value))
        for value in (settings.get(name) for name in names)
    )


def _is_now(row: Row) -> bool:
    with suppress(BncourseError):
        return is_current(row["code_hash"], RunConfig.from_json(row["config"]))
    return bool(row["code_hash"] == code_hash(BENCHMARK_CODE))


def _result(row: Row) -> float | None:
    """Test accuracy, None of a run that diverged; of a benchmark the ratio of times."""
    value = row["time_ratio"]["median"] if "time_ratio" in row else row["test_accuracy"]
    return None if row.get("diverged") or value is None else float(value)


def _outcome(rows: Sequence[Row]) -> list[str]:
    """Mean, and lowest to highest, of the runs of an arm that did not diverge."""
    values = [value for value in map(_result, rows) if value is not None]
    lost = len(rows) - len(values)
    gone = f"{lost} × {label('diverged')}" if lost else ""
    if not values:
        return [gone, ""]
    mean = f"{fmean(values):.3f}" + (f", {gone}" if gone else "")
    return [mean, f"{min(values):.3f}–{max(values):.3f}" if len(values) > 1 else ""]


def _seeds(settings: Sequence[Settings]) -> str:
    seeds = sorted({one["seed"] for one in settings})
    whole = len(seeds) > 1 and seeds == list(range(seeds[0], seeds[-1] + 1))
    return f"{seeds[0]}–{seeds[-1]}" if whole else ", ".join(map(str, seeds))


def _arms(rows: Sequence[Row], settings: Sequence[Settings], varied: Sequence[str]) -> list[list[str]]:
    groups: dict[tuple[Any, ...], list[int]] = {}
    for k, one in enumerate(settings):
        groups.setdefault(tuple(one.get(name) for name in varied), []).append(k)
    head = [*map(_code, varied), _said("seeds"), _said(_measure(rows)), _said("lowest to highest")]
    lines = [
        [
            *(_shown(settings[places[0]], name) for name in varied),
            _seeds([settings[k] for k in places]),
            *_outcome([rows[k] for k in places]),
        ]
        for places in groups.values()
    ]
    return [head, *lines]


def _runs(rows: Sequence[Row], settings: Sequence[Settings], varied: Sequence[str]) -> list[list[str]]:
    head = [_said("key"), *map(_code, varied), _said("seed"), _said(_measure(rows)), _said("code")]
    lines = [
        [
            _code(row["key"]),
            *(_shown(one, name) for name in varied),
            str(one["seed"]),
            _outcome([row])[0],
            _said("as it is now" if _is_now(row) else "changed since"),
        ]
        for row, one in zip(rows, settings, strict=True)
    ]
    return [head, *lines]


def _measure(rows: Sequence[Row]) -> str:
    return "ratio of times" if "time_ratio" in rows[0] else "test accuracy"


def _facts(experiment: str, rows: Sequence[Row], settings: Sequence[Settings], varied: Sequence[str]) -> str:
    now = sum(map(_is_now, rows))
    code = [f"{now} × {label('as it is now')}"] if now else []
    code += [f"{len(rows) - now} × {label('changed since')}"] if now < len(rows) else []
    to_run, left = commands(experiment, [row["key"] for row in rows])
    lines = {
        "runs": [f"{len(rows)} ({label('seeds')} {_seeds(settings)})"],
        "varied": list(map(_code, varied)),
        "the same in all": [_code(f"{name}={value}") for name, value in _shared(settings, varied)],
        "data": _each(rows, lambda row: f"{row['data']['source']}, {row['data']['digest'][:12]}"),
        "device": _each(rows, lambda row: f"{row['device']}, threads {row['threads']}"),
        "machine": _each(rows, lambda row: row["machine"]),
        "versions": _each(rows, lambda row: ", ".join(f"{k} {v}" for k, v in row["versions"].items())),
        "code": [*map(escape, code), *map(_code, sorted({row["code_hash"] for row in rows}))],
        "command": list(map(_code, to_run)),
        "no longer planned": list(map(_code, sorted(left))),
    }
    shown = ((_said(name), "<br>".join(said) if name == "command" else " · ".join(said))
             for name, said in lines.items() if said)  # fmt: skip
    body = "".join(f'<tr><th scope="row">{name}</th><td>{said}</td></tr>' for name, said in shown)
    return f'<table class="bn-facts"><tbody>{body}</tbody></table>'


def _shared(settings: Sequence[Settings], varied: Sequence[str]) -> list[tuple[str, Any]]:
    usual = RunConfig().to_json()
    return [
        (name, value)
        for name, value in settings[0].items()
        if name not in (*varied, *_NO_ARM) and (name in _ALWAYS or usual.get(name) != value)
    ]


def _each(rows: Sequence[Row], say: Callable[[Row], str]) -> list[str]:
    """What the rows say, each once; nothing when they do not say it, as a benchmark has no data."""
    said: dict[str, None] = {}
    for row in rows:
        with suppress(KeyError):
            said[escape(say(row))] = None
    return list(said)


def _folded(title: str, lines: Sequence[Sequence[str]], open_: bool = False) -> str:
    head = "".join(f'<th scope="col">{cell}</th>' for cell in lines[0])
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in line) + "</tr>" for line in lines[1:])
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return (
        f"<details{' open' if open_ else ''}><summary>{_said(title)} ({len(lines) - 1})</summary>"
        f'<div style="overflow-x: auto">{table}</div></details>'
    )


def _said(word: str) -> str:
    return escape(label(word))


def _shown(settings: Settings, name: str) -> str:
    if name in ("where", "placement") and settings["norm"] == "none":
        return "–"  # no norm is nowhere, whatever the config says
    value = settings.get(name)
    return escape(f"{value:g}" if isinstance(value, float) else str(value))


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"
