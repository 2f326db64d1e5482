"""`experiment run` with a recipe of two tiny runs, for torchrun. Used by test_torchrun_command.py."""

import sys

from bncourse.experiments import RECIPES, RunConfig, cli


def tiny(seeds: int = 1) -> list[RunConfig]:
    """Two runs.

    For a test only.
    """
    return [
        RunConfig(experiment="tiny", norm="batch", width=0.1, epochs=2, train_size=256, seed=seed)
        for seed in range(2)
    ]


RECIPES["tiny"] = tiny
if __name__ == "__main__":
    sys.exit(cli.main(["run", "tiny", "--results", sys.argv[1], "--device", "cpu"]))
