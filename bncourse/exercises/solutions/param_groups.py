"""A solution of param_groups. Chapter: twelve-configurations."""

__all__ = ["param_groups"]


def param_groups(model, weight_decay):
    """A torch.nn.Module -> the groups of an optimiser: layers' weights decay; gamma, beta and biases do not.

    >>> from torch import nn
    >>> groups = param_groups(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)), 0.01)
    >>> [(group["weight_decay"], len(group["params"])) for group in groups]
    [(0.01, 1), (0.0, 3)]
    """
    decayed, free = [], []
    for parameter in model.parameters():
        if parameter.ndim > 1:
            decayed.append(parameter)
        else:
            free.append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": free, "weight_decay": 0.0},
    ]
