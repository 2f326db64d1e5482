"""One line that tells a run from the others of its experiment. Chapter: start-here."""

from collections.abc import Callable, Sequence

from bncourse.experiments.config import RunConfig

__all__ = ["title"]


def _place(config: RunConfig) -> str:
    # Without a norm there is no place for one, whatever the config says.
    return " " * 8 if config.norm == "none" else f"at {config.where:5}"


# Field of a config -> what the line says of it, where the runs of the experiment differ in it.
_SHOWN: dict[str, Callable[[RunConfig], str]] = {
    "model": lambda config: f"{config.model:12}",
    "where": _place,
    "placement": lambda config: f"{config.placement:6} the ReLU",
    "dropout": lambda config: f"dropout {config.dropout:<3g}",
    "initialisation": lambda config: f"first weights {config.initialisation:7}",
    "input_scale": lambda config: f"pixels {config.input_scale:12}",
    "batch_size": lambda config: f"batch size {config.batch_size:2}",
    "optimiser": lambda config: f"{config.optimiser:4}",
    "weight_decay": lambda config: f"weight decay {config.weight_decay:g}",
    "precision": lambda config: f"{config.precision:7}",
}


def title(config: RunConfig, planned: Sequence[RunConfig]) -> str:
    """What tells the run from the others of `planned`, its norm, learning rate and seed.

    >>> title(RunConfig(dropout=0.2), [RunConfig(), RunConfig(dropout=0.2)])
    'norm none   dropout 0.2  learning rate 0.001  seed 0'
    """
    width = max(5, *(len(other.norm) for other in planned))
    parts = [
        text(config) for name, text in _SHOWN.items() if len({getattr(other, name) for other in planned}) > 1
    ]
    rate = f"learning rate {config.learning_rate:g}"
    return "  ".join([f"norm {config.norm:{width}}", *parts, rate, f"seed {config.seed}"])
