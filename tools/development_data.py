"""Print the folder of CIFAR-10 that `make results` uses; make it from a developer's copy when needed.

What BNCOURSE_DATA names comes first, then what `python -m bncourse data download` fetched. Else a
developer may keep all images as JPEGs in `../shared/data/cifar10` beside the repository, with a script
`to_binary.py` that writes the official binary layout. Pixels of that copy are slightly lossy, so what is
measured on it says so. Chapter: start-here shows the results.

    BNCOURSE_DATA=$(python tools/development_data.py) python -m bncourse experiment run first-look
"""

import os
import subprocess
import sys
from pathlib import Path

from bncourse.data import available
from bncourse.data.cifar10 import data_root

__all__ = ["development_data", "main"]

ROOT = Path(__file__).parent.parent
SOURCE = "JPEG copy of CIFAR-10"


def development_data(root: Path = ROOT) -> Path | None:
    """The folder that holds `cifar-10-batches-bin`, made on the first call; None when there is none."""
    if os.environ.get("BNCOURSE_DATA") or available("cifar10"):
        return data_root()
    script = root.parent / "shared" / "data" / "cifar10" / "to_binary.py"
    folder = root / ".cache" / "cifar10-jpeg"
    note = folder / "cifar-10-batches-bin" / "SOURCE.txt"
    if note.is_file():
        return folder
    if not script.is_file():
        return None
    subprocess.run([sys.executable, str(script), str(folder)], check=True, stdout=sys.stderr)
    # Written last, so a conversion that was interrupted is made again.
    note.write_text(SOURCE + "\n")
    return folder


def main() -> int:
    """0 and the folder on stdout, or 1 and what to do on stderr."""
    folder = development_data()
    if folder is None:
        print(
            "No CIFAR-10 here: neither BNCOURSE_DATA nor ../shared/data/cifar10 beside the repository. "
            "Get it with `python -m bncourse data download`; then no folder has to be named.",
            file=sys.stderr,
        )
        return 1
    print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
