"""`python -m bncourse experiment list | status | run | export`. Chapter: start-here.

`plot` is a command of `bncourse.plots.cli`: figures need matplotlib, runs do not.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from pathlib import Path

from bncourse.errors import BncourseError, StateError
from bncourse.experiments.config import RunConfig
from bncourse.experiments.export import FORMATS, table
from bncourse.experiments.provenance import is_current
from bncourse.experiments.recipes import RECIPES, has_full, plan
from bncourse.experiments.runner import missing
from bncourse.experiments.store import Row, read_rows, results_folder
from bncourse.experiments.sweep import Where, sweep, torchrun_workers
from bncourse.experiments.titles import title

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run the command; 0 when it went well, 1 for an error or a failed run, 130 after Ctrl-C."""
    options = _parser().parse_args(argv)
    if options.results is None:
        options.results = results_folder()
    # Of several workers that torchrun started, the first speaks.
    silent = int(os.environ.get("RANK", "0")) > 0
    try:
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere) if silent else nullcontext():
            status: int = options.command(options)
    except BncourseError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Finished runs are recorded; the same command goes on from there.", file=sys.stderr)
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bncourse experiment",
        description="Recorded runs: what is planned, what is recorded, run what is missing.",
        epilog="Figures of recorded rows: python -m bncourse experiment plot --help",
    )
    commands = parser.add_subparsers(required=True, metavar="list | status | run | plot | export")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--seeds", type=int, default=1, metavar="N", help="seeds 0 to N-1 (default 1)")
    common.add_argument("--results", type=Path, metavar="DIR", help="folder of recorded rows")
    common.add_argument("--full", action="store_true", help="the grids' large budget, for a GPU")

    listing = commands.add_parser("list", help="name the experiments", parents=[common])
    listing.set_defaults(command=_list)
    status = commands.add_parser("status", help="planned and recorded runs", parents=[common])
    status.add_argument("name", nargs="?", choices=RECIPES, metavar="NAME")
    status.set_defaults(command=_status)
    run = commands.add_parser("run", help="run what is planned and not recorded", parents=[common])
    run.add_argument("name", choices=RECIPES, metavar="NAME")
    run.add_argument("--device", default="auto", help="cuda, mps, cpu; without it the first there is")
    run.add_argument("--threads", type=int, metavar="N", help="CPU threads of PyTorch; 1 in each worker")
    run.add_argument("--data", type=Path, metavar="DIR", help="folder of CIFAR-10's binary files")
    run.add_argument(
        "--executor", metavar="WHERE", help="processes:N for N workers here, or dask://host:port"
    )
    run.set_defaults(command=_run)
    export = commands.add_parser("export", help="recorded rows as one flat table")
    export.add_argument("name", metavar="NAME")
    export.add_argument("--results", type=Path, metavar="DIR", help="folder of recorded rows")
    export.add_argument("--format", choices=FORMATS, default="csv", help="csv, or json (default csv)")
    export.add_argument("--out", type=Path, metavar="FILE", help="without it the table is printed")
    export.set_defaults(command=_export)
    return parser


def _names(options: argparse.Namespace) -> list[str]:
    if getattr(options, "name", None):
        return [options.name]
    return [name for name in RECIPES if has_full(name) or not options.full]


def _planned(name: str, options: argparse.Namespace) -> list[RunConfig]:
    return plan(name, options.seeds, full=options.full, folder=options.results)


def _list(options: argparse.Namespace) -> int:
    for name in _names(options):
        first = (RECIPES[name].__doc__ or "").splitlines()[0]
        try:
            print(f"{name}: {first}  [{_runs(len(_planned(name, options)))}]")
        except StateError as error:
            print(f"{name}: {first}  [runs not planned yet, first: {error.hint}]")
    return 0


def _runs(count: int) -> str:
    return f"{count} run" if count == 1 else f"{count} runs"


def _status(options: argparse.Namespace) -> int:
    for name in _names(options):
        try:
            _show(name, _planned(name, options), options.results)
        except StateError as error:
            if options.name:
                raise
            print(f"{name}: not planned yet, first: {error.hint}")
    return 0


def _show(name: str, planned: Sequence[RunConfig], folder: Path) -> None:
    rows = {row["key"]: row for row in read_rows(name, folder)}
    print(f"{name}: {len(planned) - len(missing(planned, folder))} of {_runs(len(planned))} recorded")
    for config in planned:
        print(f"  {title(config, planned)}  {_outcome(rows.get(config.key()))}")


def _run(options: argparse.Namespace) -> int:
    planned = _planned(options.name, options)
    todo = missing(planned, options.results)
    print(
        f"{options.name}: {len(planned) - len(todo)} of {_runs(len(planned))} recorded, {len(todo)} to do",
        flush=True,
    )
    # Workers of torchrun go on: they must not disagree on whether there is something to do.
    if not todo and torchrun_workers() == 1:
        return 0
    where = Where(options.device, options.threads, options.data, options.executor)
    failed = sweep(planned, options.results, where)
    _show(options.name, planned, options.results)
    if failed:
        print(f"{_runs(failed)} failed; the same command tries again what is not recorded.", file=sys.stderr)
    return 1 if failed else 0


def _export(options: argparse.Namespace) -> int:
    rows = read_rows(options.name, options.results)
    if not rows:
        raise StateError(
            "there are recorded rows of the experiment",
            got=f"none of {options.name}",
            hint="python -m bncourse experiment list",
        )
    text = table(rows, options.format)
    if options.out is None:
        print(text, end="")
    else:
        options.out.write_text(text, encoding="utf-8", newline="")
    return 0


def _outcome(row: Row | None) -> str:
    if row is None:
        return "not run"
    result = "diverged" if row["diverged"] else f"test accuracy {row['test_accuracy']:.4f}"
    config = RunConfig.from_json(row["config"])
    return result if is_current(row["code_hash"], config) else f"{result} (recorded with other code)"
