"""Cannot be imported."""

# ruff: noqa
import numpy as np

WEIGHTS = np.ones(3) @ np.ones(4)


def batchnorm_forward(x, gamma, beta, bn_param):
    pass
