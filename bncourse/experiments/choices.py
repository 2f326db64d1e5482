"""What the names in a config stand for: net, first weights, optimiser, schedule. Chapter: small-batches."""

import math

import torch
from torch import nn

from bncourse.experiments.config import RunConfig
from bncourse.models import SeedCNN, SmallResNet

__all__ = ["build_model", "build_optimiser", "rate_at"]


def build_model(config: RunConfig) -> nn.Module:
    """The net of a run, on the CPU. Draws its weights from PyTorch's global generator.

    Raises StateError for a norm, place or placement that the net does not know.

    >>> type(build_model(RunConfig(model="small-resnet", norm="group"))).__name__
    'SmallResNet'
    """
    model: nn.Module
    if config.model == "small-resnet":
        model = SmallResNet(config.norm, width=config.width)
    else:
        model = SeedCNN(
            config.norm,
            where=config.where,
            placement=config.placement,
            dropout=config.dropout,
            width=config.width,
        )
    if config.initialisation != "pytorch":
        _initialise(model, config.initialisation)
    return model


@torch.no_grad()
def _initialise(model: nn.Module, name: str) -> None:
    """Draw the weights of all layers anew; biases become 0.

    Sources: Glorot & Bengio 2010, equation 16, what `tf.layers` did; He et al. 2015 (arXiv 1502.01852),
    equation 10.
    """
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            if name == "glorot":
                nn.init.xavier_uniform_(layer.weight)
            else:
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                layer.bias.zero_()


def build_optimiser(config: RunConfig, model: nn.Module) -> torch.optim.Optimizer:
    """Adam, or stochastic gradient descent with momentum; all parameters in one fused step.

    `weight_decay` acts on all parameters, gamma and beta of the norms included, as in PyTorch's default.

    >>> type(build_optimiser(RunConfig(optimiser="sgd"), nn.Linear(2, 1))).__name__
    'SGD'
    """
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimiser == "sgd":
        return torch.optim.SGD(
            model.parameters(), lr=rate, momentum=config.momentum, weight_decay=decay, fused=True
        )
    return torch.optim.Adam(model.parameters(), lr=rate, weight_decay=decay, fused=True)


def rate_at(config: RunConfig, step: int, steps: int) -> float:
    """The learning rate of step `step` (from 0) of `steps` in the whole run.

    Source of the cosine: Loshchilov & Hutter 2016 (arXiv 1608.03983), equation 5, without restarts.

    >>> config = RunConfig(learning_rate=0.4, schedule="cosine")
    >>> [round(rate_at(config, step, 4), 3) for step in range(4)]
    [0.4, 0.341, 0.2, 0.059]
    """
    if config.schedule == "constant":
        return config.learning_rate
    return config.learning_rate * (1 + math.cos(math.pi * step / steps)) / 2
