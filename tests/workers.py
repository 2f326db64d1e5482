"""Start a script on several workers by torchrun, and end them when they hang."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run_workers(script: Path, folder: Path, workers: int = 2, timeout: float = 200) -> None:
    """`torchrun --nproc-per-node 2 script folder`, on a free port; fails with what the workers printed."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1"]
    command += ["--nproc-per-node", str(workers), str(script), str(folder)]
    log, quiet = folder / "log.txt", {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    with log.open("w") as out:
        # A file, not a pipe: a pipe would stay open as long as any worker lives.
        run = subprocess.Popen(command, cwd=ROOT, env=os.environ | quiet, stdout=out, stderr=out)
        try:
            code = run.wait(timeout)
        except subprocess.TimeoutExpired:
            run.terminate()  # torchrun then ends its workers
            try:
                run.wait(15)
            except subprocess.TimeoutExpired:
                run.kill()
                run.wait()
            code = f"none within {timeout} s"
    assert code == 0, f"exit code {code}\n{log.read_text()[-4000:]}"
