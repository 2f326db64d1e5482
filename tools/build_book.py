"""Build the book in four languages: `make book`, or `python tools/build_book.py [--langs ja ko]`.

One `_config.yml` and `_toc.yml` describe all four; each language is a Jupyter Book build of its own,
because Sphinx knows one language per build. They run side by side, warnings are errors, and no notebook is
executed. A language is built from scratch when something it reads has changed, and left alone otherwise.

The site is _build/html: a landing page and the folders en, ja, zh and ko.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined

__all__ = ["Book", "BookError", "build", "main"]

ROOT = Path(__file__).resolve().parents[1]
SHARED = [
    "_config.yml",
    "_toc.yml",
    "book/references.bib",
    "book/i18n",
    "book/_ext",
    "book/_static",
    "book/_templates",
    "bncourse/exercises/catalogue.toml",
]
STACK = ["jupyter-book", "sphinx", "myst-nb", "sphinx-book-theme", "sphinx-mathjax-offline"]
JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"


class BookError(Exception):
    """The book cannot be built; the message says what must hold, what was found and what to do."""


@dataclass(frozen=True)
class Book:
    """A source tree: the repository, or a small one of the tests."""

    root: Path

    def yaml(self, name: str) -> Any:
        return yaml.safe_load((self.root / name).read_text(encoding="utf-8"))

    @property
    def ui(self) -> Any:
        return self.yaml("book/i18n/ui.yml")

    @property
    def langs(self) -> list[str]:
        return list(self.ui["languages"])

    @property
    def site(self) -> Path:
        return self.root / "_build" / "html"

    def work(self, lang: str) -> Path:
        return self.root / "_build" / "languages" / lang

    def slugs(self) -> list[str]:
        toc = self.yaml("_toc.yml")
        chapters = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
        return [Path(file).name for file in [toc["root"], *chapters]]


def config_for(book: Book, lang: str) -> dict[str, Any]:
    """`_config.yml` as one language needs it: its title, its folder, its address, its words."""
    config: dict[str, Any] = book.yaml("_config.yml")
    base = config["html"]["baseurl"]
    source = book.root / "book" / lang
    config["title"] = book.ui["title"][lang]
    config["repository"]["path_to_book"] = f"book/{lang}"
    config["html"]["baseurl"] = f"{base}{lang}/"
    config["bibtex_bibfiles"] = [
        os.path.relpath(book.root / bib, source) for bib in config["bibtex_bibfiles"]
    ]
    extensions = config["sphinx"]["local_extensions"]
    for name, folder in extensions.items():
        extensions[name] = str(book.root / folder)
    config["sphinx"]["config"] |= {"language": book.ui["languages"][lang]["sphinx"], "bncourse_site": base}
    return config


def toc_for(book: Book, lang: str) -> dict[str, Any]:
    """`_toc.yml` with captions translated and paths seen from book/<lang>."""
    toc: dict[str, Any] = book.yaml("_toc.yml")
    captions = book.ui["parts"]
    toc["root"] = Path(toc["root"]).name
    for part in toc["parts"]:
        if lang not in captions.get(part["caption"], {}):
            raise BookError(
                f"every caption of _toc.yml must be translated; got {part['caption']!r} without {lang}; "
                "try adding it under `parts` in book/i18n/ui.yml"
            )
        part["caption"] = captions[part["caption"]][lang]
        part["chapters"] = [{"file": Path(chapter["file"]).name} for chapter in part["chapters"]]
    return toc


def check_pages(book: Book, langs: Sequence[str]) -> None:
    """Every chapter of the table of contents in every language, before minutes are spent on building."""
    wanted = [f"book/{lang}/{slug}.ipynb" for lang in langs for slug in book.slugs()]
    missing = [path for path in wanted if not (book.root / path).exists()]
    if missing:
        raise BookError(
            f"every chapter in _toc.yml must exist in every language; {len(missing)} missing: "
            f"{', '.join(missing)}; try `python tools/sync_langs.py`, or build what is there with --langs"
        )


def inputs(book: Book, lang: str) -> Iterator[Path]:
    """The files a build of one language reads, in a fixed order."""
    for name in [*SHARED, f"book/{lang}"]:
        path = book.root / name
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            hidden = any(part.startswith((".", "__")) for part in file.relative_to(book.root).parent.parts)
            if file.is_file() and not hidden:
                yield file


def fingerprint(book: Book, lang: str) -> str:
    """One hash of everything that can change the built pages of a language."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    digest.update(" ".join([sys.version, *(version(name) for name in STACK)]).encode())
    for file in inputs(book, lang):
        digest.update(str(file.relative_to(book.root)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def build_language(book: Book, lang: str) -> str:
    """Build one language from scratch and put it in its place; the stamp is written last."""
    began, work, pages = time.monotonic(), book.work(lang), book.site / lang
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for name, content in [("_config.yml", config_for(book, lang)), ("_toc.yml", toc_for(book, lang))]:
        (work / name).write_text(
            yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8"
        )
    stamp = fingerprint(book, lang)
    command = [
        sys.executable,
        "-c",
        JUPYTER_BOOK,
        "build",
        str(book.root / "book" / lang),
        "-W",
        "--keep-going",
    ]
    command += ["--config", str(work / "_config.yml"), "--toc", str(work / "_toc.yml")]
    command += ["--path-output", str(work)]
    with (work / "build.log").open("w", encoding="utf-8") as log:
        code = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, cwd=work, check=False).returncode
    if code:
        raise BookError(
            f"{lang}: the build must end without a warning; got\n{complaints(work / 'build.log')}"
        )
    shutil.rmtree(pages, ignore_errors=True)
    pages.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(work / "_build" / "html", pages)
    (work / "stamp").write_text(stamp)
    return f"{lang}  built in {time.monotonic() - began:.1f} s"


def complaints(log: Path) -> str:
    """The lines of a failed build worth reading, and where the rest is."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    named = [line for line in lines if "WARNING" in line or "ERROR" in line or "Error" in line]
    return "\n".join([*(named or lines[-20:]), f"(all of it: {log})"])


def is_current(book: Book, lang: str) -> bool:
    stamp = book.work(lang) / "stamp"
    return (book.site / lang).is_dir() and stamp.exists() and stamp.read_text() == fingerprint(book, lang)


def write_landing(book: Book) -> None:
    """The page at the root: all four languages, the reader's first."""
    template = (book.root / "book" / "_templates" / "landing.html").read_text(encoding="utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(template)
    first = book.slugs()[0]
    html = page.render(ui=book.ui, first=first, base=book.yaml("_config.yml")["html"]["baseurl"])
    (book.site / "index.html").write_text(html, encoding="utf-8")
    (book.site / ".nojekyll").touch()  # a code host's page service would drop folders that start with _


def build(book: Book, langs: Sequence[str]) -> None:
    """Build what has changed, two or more languages at a time, then the landing page."""
    check_pages(book, langs)
    stale = [lang for lang in langs if not is_current(book, lang)]
    for lang in langs:
        if lang not in stale:
            print(f"{lang}  unchanged")
    failures = []
    with ThreadPoolExecutor(max_workers=min(4, max(2, os.cpu_count() or 2))) as pool:
        for job in [pool.submit(build_language, book, lang) for lang in stale]:
            try:
                print(job.result(), flush=True)
            except BookError as error:
                failures.append(str(error))
    if failures:
        raise BookError("\n\n".join(failures))
    write_landing(book)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Build the book in four languages.")
    parser.add_argument("--langs", nargs="+", metavar="LANG", help="only these languages")
    parser.add_argument("--source", type=Path, default=ROOT, help="another source tree of the same shape")
    options = parser.parse_args(argv)
    book = Book(options.source.resolve())
    langs = options.langs or book.langs
    try:
        if unknown := set(langs) - set(book.langs):
            raise BookError(
                f"--langs must be among {', '.join(book.langs)}; got {', '.join(sorted(unknown))}"
            )
        build(book, langs)
    except BookError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\nThe site is {book.site / 'index.html'}\nRead it with `make serve`.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
