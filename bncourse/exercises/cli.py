"""`python -m bncourse exercises list | check | hint | solution | progress | reset | verify | check-cs231n`.

Chapter: start-here.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bncourse.errors import BncourseError, StateError
from bncourse.exercises.catalogue import chapters_of
from bncourse.exercises.cs231n import Finding, judge_file, not_imported
from bncourse.exercises.judging import LIMIT, judge
from bncourse.exercises.loading import IMPORT_LIMIT, load
from bncourse.exercises.progress import Entry, forget, progress_file, read_progress, record
from bncourse.exercises.render import hints
from bncourse.exercises.specs import exercise
from bncourse.exercises.verify import broken_promises, names, solution
from bncourse.exercises.words import filled, word
from bncourse.language import LANGUAGES, current_language, use_language

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run the command; 0 when all that is written is right, 1 when something is not, 2 for a wrong call."""
    options = _parser().parse_args(argv)
    before = current_language()
    use_language(options.lang or before)
    try:
        status: int = options.command(options)
    except BncourseError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        use_language(before)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bncourse exercises", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--lang", choices=LANGUAGES, help="language of the answers (default en)")
    common.add_argument("--json", action="store_true", help="answer as JSON")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text, parents=[common])
        added.set_defaults(command=run)
        return added

    def limits(added: argparse.ArgumentParser) -> None:
        added.add_argument("--limit", type=float, default=LIMIT, metavar="S", help="seconds for each check")
        added.add_argument(
            "--import-limit", type=float, default=IMPORT_LIMIT, metavar="S", help="seconds to import the file"
        )

    command("list", _list, "name the exercises")
    check = command("check", _check, "judge the functions of a file that have the name of an exercise")
    check.add_argument("file", metavar="FILE[:FUNCTION]")
    check.add_argument("--name", choices=names(), metavar="EXERCISE", help="the exercise, when names differ")
    limits(check)
    for name, run, text in (
        ("hint", _hint, "print the next hint"),
        ("solution", _solution, "print a solution"),
    ):
        command(name, run, text).add_argument("name", choices=names(), metavar="EXERCISE")
    command("progress", _progress, "what has passed so far")
    command("reset", _reset, "forget what has passed")
    command("verify", _verify, "prove that every exercise keeps its promises")
    cs231n = command("check-cs231n", _check_cs231n, "judge a layers.py of CS231n's assignment 2")
    cs231n.add_argument("file", type=Path, metavar="PATH")
    limits(cs231n)
    return parser


def _rows() -> Iterator[dict[str, Any]]:
    kept = _kept()
    for name in names():
        entry = kept.get(name, Entry("not_attempted"))
        chapters = chapters_of(name) or (exercise(name).chapter,)  # that of the row while no page asks for it
        yield {"exercise": name, "chapters": chapters, "status": entry.status, "code": entry.code}


def _kept() -> dict[str, Entry]:
    kept, aside = read_progress()
    if aside:
        print(filled(word("cli", "set-aside"), file=str(aside)), file=sys.stderr)
    return kept


def _list(options: argparse.Namespace) -> int:
    rows = list(_rows())
    if options.json:
        return _say_json(rows)
    for row in rows:
        arguments = ", ".join(exercise(row["exercise"]).parameters)
        where = ", ".join(row["chapters"])
        print(f"{row['exercise']}({arguments})  {where}  {word('status', row['status'])}")
    chapters = {chapter for row in rows for chapter in row["chapters"]}
    print(filled(word("cli", "list"), count=str(len(rows)), of=str(len(chapters))))
    return 0


def _progress(options: argparse.Namespace) -> int:
    rows = list(_rows())
    if options.json:
        return _say_json(rows)
    if not _kept():
        print(word("cli", "no-progress"))
    for row in rows:
        print(f"{row['exercise']}: {word('status', row['status'])}")
    passed = [row for row in rows if row["status"] == "pass"]
    print(filled(word("cli", "progress"), count=str(len(passed)), of=str(len(rows))))
    following = next((row["exercise"] for row in rows if row["status"] != "pass"), None)
    if following:
        print(filled(word("cli", "next-exercise"), name=following))
    print(filled(word("cli", "saved"), file=str(progress_file())))
    return 0


def _reset(options: argparse.Namespace) -> int:
    forget()
    print(word("cli", "reset"))
    return 0


def _say_json(value: Any) -> int:
    print(json.dumps(value, ensure_ascii=False, indent=2))
    return 0


def _check(options: argparse.Namespace) -> int:
    file, function = _file_and_function(options.file)
    loaded = load(file, limit=options.import_limit)
    if loaded.problem:
        return _report([not_imported(file, loaded, options.import_limit)], options)
    chosen = list(_chosen(file, function, options.name, loaded.names))
    findings = []
    for name, fn in chosen:
        verdict = judge(exercise(name), fn, limit=options.limit)
        record(name, Entry(verdict.status, verdict.code, verdict.evidence))
        findings.append(Finding.of(verdict))
        if not options.json:
            print(verdict.text(), end="\n\n")
    if options.json:
        return _report(findings, options)
    return _closing(findings)


def _file_and_function(text: str) -> tuple[Path, str | None]:
    before, colon, after = text.rpartition(":")
    file, function = (Path(before), after) if colon and after.isidentifier() else (Path(text), None)
    if not file.is_file():
        raise _no_file(file, "check FILE.py:function")
    return file, function


def _no_file(file: Path, hint: str) -> StateError:
    return StateError(filled(word("cli", "no-file"), file=str(file)), got=str(file), hint=hint)


def _chosen(
    file: Path, function: str | None, name: str | None, found: Any
) -> Iterator[tuple[str, Callable[..., Any]]]:
    """(exercise, function) of what is to be judged."""
    if function or name:
        function = function or str(name)
        name = name or function
        if name not in names():
            said = filled(word("cli", "no-exercise"), name=name, names=", ".join(names()))
            raise StateError(said, got=name, hint="--name EXERCISE")
        pairs = [(name, function)]
    else:
        pairs = [(one, one) for one in names() if callable(found.get(one))] or [("", " / ".join(names()))]
    for one, function in pairs:
        if not callable(found.get(function)):
            said = filled(word("cli", "no-function"), file=file.name, function=function)
            raise StateError(said, got=file.name, hint=f"{file}:FUNCTION --name EXERCISE")
        yield one, found[function]


def _check_cs231n(options: argparse.Namespace) -> int:
    file = options.file / "layers.py" if options.file.is_dir() else options.file
    if not file.is_file():
        raise StateError(
            filled(word("cli", "no-file"), file=str(file)), got=str(file), hint="cs231n/layers.py"
        )
    return _report(judge_file(file, limit=options.limit, import_limit=options.import_limit), options)


def _report(findings: Sequence[Finding], options: argparse.Namespace) -> int:
    if options.json:
        _say_json([asdict(finding) for finding in findings])
        return 0 if all(finding.right for finding in findings) else 1
    for finding in findings:
        print(finding.text())
    return _closing(findings)


def _closing(findings: Sequence[Finding]) -> int:
    if not all(finding.right for finding in findings):
        return 1
    if any(finding.status == "pass" for finding in findings):
        print(word("cli", "all-right"))
    return 0


def _hint(options: argparse.Namespace) -> int:
    entry = _kept().get(options.name)
    if entry is None:
        print(word("card", "no-hint"))
        return 0
    found = hints(entry.verdict(options.name))
    given = min(entry.hints + 1, len(found))
    record(options.name, replace(entry, hints=given))
    title = filled(word("card", "hint"), n=str(given), count=str(len(found)))
    print(f"{title}: {found[given - 1]}")
    return 0


def _solution(options: argparse.Namespace) -> int:
    print(solution(options.name))
    return 0


def _verify(options: argparse.Namespace) -> int:
    broken = {name: list(broken_promises(name)) for name in names()}
    if options.json:
        _say_json(broken)
        return int(any(broken.values()))
    for line in (line for lines in broken.values() for line in lines):
        print(line)
    count = sum(not lines for lines in broken.values())
    print(filled(word("cli", "verify"), count=str(count), of=str(len(broken))))
    return 0 if count == len(broken) else 1
