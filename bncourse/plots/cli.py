"""`python -m bncourse experiment plot [NAME …]`: figures of recorded rows as SVG files. Chapter: results."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bncourse.errors import BncourseError, StateError
from bncourse.experiments.store import results_folder
from bncourse.language import LANGUAGES, current_language, use_language
from bncourse.plots.recorded import FIGURES, draw, planned_rows

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run the command; 0 when it went well, 1 for an error the reader can mend."""
    options = _parser().parse_args(argv)
    results = options.results or results_folder()
    before = current_language()
    use_language(options.lang or before)
    try:
        for name in options.names or FIGURES:
            # Without a name all there is to draw; with one it must be there.
            if options.names or _has_rows(name, results, options.full):
                for path in draw(name, options.out or results / "figures", full=options.full, folder=results):
                    print(path)
    except BncourseError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        use_language(before)
    return 0


def _has_rows(name: str, results: Path, full: bool) -> bool:
    try:
        return bool(planned_rows(name, full=full, folder=results))
    except StateError:
        return False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bncourse experiment plot",
        description="Draw the figures of recorded rows as SVG files; of all experiments without a name.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to (default: figures/ in the results)")
    parser.add_argument("--lang", choices=LANGUAGES, help="language of the words (default en)")
    parser.add_argument("--results", type=Path, metavar="DIR", help="folder of recorded rows")
    parser.add_argument("--full", action="store_true", help="rows of the grids' large budget")
    return parser
