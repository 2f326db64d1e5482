"""`python -m bncourse COMMAND …`: dispatch only. Chapter: start-here."""

import sys
from collections.abc import Sequence
from importlib import import_module

# command, of one word or two -> module with `main(argv) -> exit status`; imported only when it is called
COMMANDS = {
    "data": "bncourse.data.cli",
    "exercises": "bncourse.exercises.cli",
    "experiment": "bncourse.experiments.cli",
    # Figures lie above the experiments, which must not know them.
    "experiment plot": "bncourse.plots.cli",
}
USAGE = f"usage: python -m bncourse {{{','.join(COMMANDS)}}} ...   (add --help after a command)"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it went well, 2 when it was not understood."""
    args = list(sys.argv[1:] if argv is None else argv)
    if args in (["-h"], ["--help"]):
        print(USAGE)
        return 0
    if not args or args[0] not in COMMANDS:
        print(USAGE, file=sys.stderr)
        return 2
    words = 2 if " ".join(args[:2]) in COMMANDS else 1
    status: int = import_module(COMMANDS[" ".join(args[:words])]).main(args[words:])
    return status


if __name__ == "__main__":
    sys.exit(main())
