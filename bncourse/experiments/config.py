"""What fully determines a run: a frozen value with a key. Chapter: start-here."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from bncourse.errors import StateError

__all__ = ["CHOICES", "RunConfig"]

# What a name may be. Norms and places are the net's to know: a config is read without PyTorch.
CHOICES = {
    "optimiser": ("adam", "sgd"),
    "schedule": ("constant", "cosine"),
    "model": ("seed-cnn", "small-resnet"),
    "initialisation": ("pytorch", "glorot", "he"),
    "input_scale": ("standardised", "unit", "raw"),
    "augmentation": ("none", "crop-flip"),
    "curve": ("none", "validation", "test"),
    "precision": ("float32", "bf16"),
}


@dataclass(frozen=True)
class RunConfig:
    """One run. Two equal configs are one run.

    experiment:    the results file the run belongs to
    data:          "cifar10" or "shapes"
    train_size:    how many training images, from the first on; None is all of them but those held out
    validation_size: how many training images are held out, the last ones; 0 is none
    model:         "seed-cnn" or "small-resnet", see `bncourse.models`
    norm, width:   of the net, see there
    where, placement, dropout: of the seed CNN only
    optimiser:     "adam", or "sgd" with `momentum` (Nesterov's is not used) and `weight_decay`
    learning_rate: at the start; schedule: "constant", or "cosine" from there to 0, a step at a time
    batch_size:    images a step; what is left over at the end of an epoch is dropped
    epochs, seed:  length of the run; the seed of initial weights, batch order and dropout
    log_every:     steps in one point of the recorded loss curve
    initialisation: "pytorch", the layers' own; "glorot" and "he" draw all weights so, biases start at 0
    input_scale:   "standardised", mean 0 and standard deviation 1 in each colour of the training images;
                   "unit", pixels from 0 to 1; "raw", from 0 to 255
    augmentation:  "none", or "crop-flip": shifted by up to 4 pixels each way and mirrored at random
    curve:         the part whose accuracy is measured after every epoch: "none", "validation" or "test"
    precision:     "float32", or "bf16": what autocast allows is computed in bfloat16
    fast:          channels come last in memory. The same net; sums are taken in another order. Meant for the
                   seed CNN: PyTorch 2.13 on a CPU crashes in strided 1×1 convolutions of very few channels
    measure_every: steps between two measurements of `experiments.landscape`; 0 is none

    Raises StateError when a number or a name cannot be right.

    >>> RunConfig(norm="batch", seed=1).key() == RunConfig(norm="batch", seed=1).key()
    True
    >>> RunConfig(norm="batch").key() == RunConfig(norm="none").key()
    False
    """

    # A default is never changed: keys of recorded runs rest on it (see `key`).
    experiment: str = "live"
    data: str = "shapes"
    train_size: int | None = None
    norm: str = "none"
    where: str = "both"
    dropout: float = 0.0
    width: float = 1.0
    learning_rate: float = 1e-3
    optimiser: str = "adam"
    batch_size: int = 128
    epochs: int = 3
    seed: int = 0
    log_every: int = 10
    model: str = "seed-cnn"
    placement: str = "after"
    momentum: float = 0.9
    weight_decay: float = 0.0
    schedule: str = "constant"
    validation_size: int = 0
    initialisation: str = "pytorch"
    input_scale: str = "standardised"
    augmentation: str = "none"
    curve: str = "none"
    precision: str = "float32"
    fast: bool = False
    measure_every: int = 0

    def __post_init__(self) -> None:
        for name in ("batch_size", "epochs", "learning_rate", "width", "log_every"):
            if not getattr(self, name) > 0:
                raise StateError(f"{name} > 0", got=f"{name}={getattr(self, name)}", hint=f"leave {name} out")
        for name in ("momentum", "weight_decay", "validation_size", "measure_every"):
            if not getattr(self, name) >= 0:
                raise StateError(f"{name} ≥ 0", got=f"{name}={getattr(self, name)}", hint=f"leave {name} out")
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise StateError(
                    f"{name} is one of {', '.join(known)}",
                    got=repr(getattr(self, name)),
                    hint=f'{name}="{known[0]}"',
                )
        if self.curve == "validation" and not self.validation_size:
            raise StateError(
                "a curve of validation has images held out", got="validation_size=0", hint='curve="none"'
            )

    def key(self) -> str:
        """Sixteen hex digits that name the run by its content.

        Only what differs from the defaults enters, so a field added later leaves recorded keys as they are.
        """
        content = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """Every field, as JSON knows it.

        >>> RunConfig.from_json(RunConfig(seed=7).to_json()) == RunConfig(seed=7)
        True
        """
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "RunConfig":
        """The config of a recorded row. Raises StateError for a field this version does not know."""
        unknown = sorted(set(content) - {f.name for f in fields(cls)})
        if unknown:
            raise StateError(
                "the config has fields of RunConfig only",
                got=", ".join(unknown),
                hint="update the package bncourse",
            )
        return cls(**content)
