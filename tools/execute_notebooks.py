"""Run the notebooks and save their outputs, the same bytes from run to run.

    python tools/execute_notebooks.py [slug ...] [--langs ja zh]

English is run and saved, its outputs are carried to ja, zh and ko, then each of those is run too: its
`localised` cells keep the outputs of their own language, and any other cell must print what English prints.
"""

from __future__ import annotations

import argparse
import copy
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from book_cells import (
    BOOK,
    LANGS,
    LOCALISED,
    NOTEBOOK_METADATA,
    SOURCE_LANG,
    BookError,
    path_of,
    read,
    slugs,
    tags,
    write,
)
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from sync_langs import sync

__all__ = ["differences", "execute", "main", "run_book"]

TIMEOUT = 120  # seconds a cell; the book's own limit is 20


@contextmanager
def _quiet_machine() -> Iterator[None]:
    """The environment of a reader without data, a GPU or many cores, so that outputs repeat everywhere."""
    root = str(Path(__file__).resolve().parent.parent)
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as empty:
        os.environ.update(
            BNCOURSE_DATA=empty,  # no CIFAR-10: the embedded data set is used
            CUDA_VISIBLE_DEVICES="",
            OMP_NUM_THREADS="1",  # the order of a sum shows in its last digits
            PYTHONHASHSEED="0",
            PYTHONPATH=os.pathsep.join([root, *filter(None, [before.get("PYTHONPATH")])]),
        )
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def execute(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """A copy of the notebook with fresh outputs and without a trace of time or machine."""
    result = copy.deepcopy(notebook)
    client = NotebookClient(
        result,
        timeout=TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,  # how a stream is cut into pieces depends on timing
        resources={"metadata": {"path": str(folder)}},
    )
    with _quiet_machine():
        client.execute()
    result.metadata = copy.deepcopy(NOTEBOOK_METADATA)
    for cell in result.cells:
        cell.metadata.pop("execution", None)
    return result


def differences(english: NotebookNode, other: NotebookNode) -> list[str]:
    """Ids of the code cells that should print what English prints and do not."""
    pairs = zip(english.cells, other.cells, strict=True)
    return [
        one.id
        for one, two in pairs
        if one.cell_type == "code"
        and LOCALISED not in tags(one)
        and (one.outputs, one.execution_count) != (two.outputs, two.execution_count)
    ]


def run_book(book: Path, only: list[str], langs: tuple[str, ...]) -> Iterator[str]:
    """Execute chapters, English first, and yield a line for each; a failure raises `BookError`."""
    for slug in only or slugs(book):
        english = _run(book, SOURCE_LANG, slug)
        write(path_of(book, SOURCE_LANG, slug), english)
        yield f"book/{SOURCE_LANG}/{slug}.ipynb executed"
        yield from sync(book, langs, only=[slug])
        for lang in langs:
            translated = _run(book, lang, slug)
            for cell_id in differences(english, translated):
                raise BookError(
                    f"a cell without the tag {LOCALISED} prints the same in every language and every run",
                    got=f"book/{lang}/{slug}.ipynb[{cell_id}] printed something else than English",
                    hint=f"fix seeds, round numbers, leave out times and addresses; or tag it {LOCALISED}",
                )
            write(path_of(book, lang, slug), translated)
            yield f"book/{lang}/{slug}.ipynb executed"


def _run(book: Path, lang: str, slug: str) -> NotebookNode:
    path = path_of(book, lang, slug)
    try:
        return execute(read(path), path.parent)
    except CellExecutionError as error:
        got = f"book/{lang}/{slug}.ipynb: {error}"
        raise BookError("every cell runs", got=got, hint="mend the cell named above") from error


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("slugs", nargs="*", help="chapters (default: all)")
    parser.add_argument(
        "--langs", nargs="*", choices=LANGS, default=LANGS, help="translations to run as well"
    )
    parser.add_argument("--book", type=Path, default=BOOK, help="folder of the languages (default: book)")
    args = parser.parse_args(argv)
    try:
        for line in run_book(args.book, args.slugs, tuple(args.langs)):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    except BookError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
