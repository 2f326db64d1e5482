"""`python -m bncourse experiment list | status | run`. Chapter: start-here."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bncourse.data import load
from bncourse.errors import BncourseError
from bncourse.experiments.config import RunConfig
from bncourse.experiments.provenance import is_current
from bncourse.experiments.recipes import RECIPES
from bncourse.experiments.runner import missing, run_all
from bncourse.experiments.store import Row, read_rows, results_folder

__all__ = ["main"]

# Fields of a config that a line shows where the runs of the experiment differ in them.
_SHOWN = {"placement": "{:6} the ReLU", "batch_size": "batch size {:2}"}


def main(argv: Sequence[str]) -> int:
    """Run the command; 0 when it went well, 1 for an error the reader can mend, 130 after Ctrl-C."""
    options = _parser().parse_args(argv)
    if options.results is None:
        options.results = results_folder()
    try:
        options.command(options)
    except BncourseError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Finished runs are recorded; the same command goes on from there.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bncourse experiment", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="list | status | run")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--seeds", type=int, default=1, metavar="N", help="seeds 0 to N-1 (default 1)")
    common.add_argument("--results", type=Path, metavar="DIR", help="folder of recorded rows")

    listing = commands.add_parser("list", help="name the experiments", parents=[common])
    listing.set_defaults(command=_list)
    status = commands.add_parser("status", help="planned and recorded runs", parents=[common])
    status.add_argument("name", nargs="?", choices=RECIPES, metavar="NAME")
    status.set_defaults(command=_status)
    run = commands.add_parser("run", help="run what is planned and not recorded", parents=[common])
    run.add_argument("name", choices=RECIPES, metavar="NAME")
    run.add_argument("--device", default="auto", help="cuda, mps, cpu; without it the first there is")
    run.add_argument("--threads", type=int, metavar="N", help="CPU threads of PyTorch")
    run.add_argument("--data", type=Path, metavar="DIR", help="folder of CIFAR-10's binary files")
    run.set_defaults(command=_run)
    return parser


def _list(options: argparse.Namespace) -> None:
    for name, recipe in RECIPES.items():
        print(f"{name}: {(recipe.__doc__ or '').splitlines()[0]}")


def _status(options: argparse.Namespace) -> None:
    for name in [options.name] if options.name else RECIPES:
        planned = RECIPES[name](options.seeds)
        rows = {row["key"]: row for row in read_rows(name, options.results)}
        print(
            f"{name}: {len(planned) - len(missing(planned, options.results))} of {len(planned)} runs recorded"
        )
        for config in planned:
            print(f"  {_title(config, planned)}  {_outcome(rows.get(config.key()))}")


def _run(options: argparse.Namespace) -> None:
    planned = RECIPES[options.name](options.seeds)
    todo = missing(planned, options.results)
    print(f"{options.name}: {len(planned) - len(todo)} of {len(planned)} runs recorded, {len(todo)} to do")
    if not todo:
        return
    data = load(todo[0].data, root=options.data)
    print(f"data: {data.name}, {data.source}")
    if options.threads:
        import torch

        torch.set_num_threads(options.threads)
    show, close = _progress(sum(config.epochs for config in todo))
    try:
        run_all(
            planned,
            data,
            options.results,
            device=options.device,
            on_epoch=lambda config, epoch, loss: show(
                f"{_title(config, planned)}  epoch {epoch + 1}  loss {loss:.4f}"
            ),
        )
    finally:
        close()
    _status(options)


def _progress(epochs: int) -> tuple[Callable[[str], None], Callable[[], None]]:
    """A bar of epochs on a terminal, a line an epoch elsewhere; and how to end it."""
    if not sys.stderr.isatty():
        return lambda text: print(text, flush=True), lambda: None
    from tqdm import tqdm

    bar = tqdm(total=epochs, unit="epoch")

    def show(text: str) -> None:
        bar.set_description(text, refresh=False)
        bar.update()

    return show, bar.close


def _title(config: RunConfig, planned: Sequence[RunConfig]) -> str:
    """What tells the run from the others of its experiment."""
    differ = {name for name in _SHOWN if len({getattr(other, name) for other in planned}) > 1}
    parts = [text.format(getattr(config, name)) for name, text in _SHOWN.items() if name in differ]
    return "  ".join(
        [f"norm {config.norm:5}", *parts, f"learning rate {config.learning_rate:g}", f"seed {config.seed}"]
    )


def _outcome(row: Row | None) -> str:
    if row is None:
        return "not run"
    result = "diverged" if row["diverged"] else f"test accuracy {row['test_accuracy']:.4f}"
    config = RunConfig.from_json(row["config"])
    return result if is_current(row["code_hash"], config) else f"{result} (recorded with other code)"
