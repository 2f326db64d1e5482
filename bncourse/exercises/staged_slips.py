"""Slips of single steps of the staged backward, by step and by the code of their twin.

Chapter: staged-backward.

Each is a function of all true values by name: what the step gives with that slip in it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["SLIPS"]

Values = Mapping[str, Any]

SLIPS: dict[str, dict[str, Callable[[Values], np.ndarray]]] = {
    "dbeta": {
        "backward.dbeta-mean": lambda v: v["dbeta"] / v["N"],
        "backward.dbeta-extra-gamma": lambda v: v["dbeta"] * v["gamma"],
        "backward.dgamma-dbeta-swapped": lambda v: v["dgamma"],
    },
    "dgamma": {
        "backward.dgamma-mean": lambda v: v["dgamma"] / v["N"],
        "backward.dgamma-x": lambda v: (v["dy"] * v["x"]).sum(axis=0),
        "backward.dgamma-xc": lambda v: (v["dy"] * v["xc"]).sum(axis=0),
        "backward.dgamma-y": lambda v: (v["dy"] * v["y"]).sum(axis=0),
        "backward.dgamma-extra-gamma": lambda v: v["dgamma"] * v["gamma"],
        "backward.dgamma-dbeta-swapped": lambda v: v["dbeta"],
    },
    "dx_hat": {
        "backward.gamma-missing": lambda v: v["dy"],
        "backward.cache-gamma-inv-std": lambda v: v["dy"] * v["inv_std"],
    },
    "dxc_via_x_hat": {
        "backward.std-multiplied": lambda v: v["dx_hat"] * v["std"],
        "backward.cache-gamma-inv-std": lambda v: v["dx_hat"] * v["gamma"],
    },
    "dinv_std": {
        "backward.cache-xc-x-hat": lambda v: (v["dx_hat"] * v["x_hat"]).sum(axis=0),
        "backward.x-for-x-hat": lambda v: (v["dx_hat"] * v["x"]).sum(axis=0),
    },
    "dstd": {
        "backward.variance-term-sign": lambda v: -v["dstd"],
        "backward.dvar-exponent-one": lambda v: v["dstd"] * v["std"],
    },
    "dvar": {
        "backward.dvar-no-half": lambda v: 2 * v["dvar"],
        "backward.dvar-exponent-one": lambda v: v["dvar"] * v["std"],
        "backward.dvar-exponent-sign": lambda v: v["dvar"] * v["std"] ** 6,
        "backward.variance-term-sign": lambda v: -v["dvar"],
        "backward.xc-for-x-hat": lambda v: v["dvar"] * v["std"] ** 2,
        "backward.no-variance-path": lambda v: 0 * v["dvar"],
        "backward.eps-fixed-in-std": lambda v: -0.5 * v["dinv_std"] * (v["var"] + 1e-5) ** -1.5,
    },
    "dsq": {
        "backward.variance-term-no-1/N": lambda v: v["dvar"],
        "backward.bessel": lambda v: v["dvar"] / (v["N"] - 1),
        "backward.d-for-n": lambda v: v["dvar"] / v["dy"].shape[1],
    },
    "dxc_via_sq": {
        "backward.dvar-no-two": lambda v: v["xc"] * v["dsq"],
        "backward.x-for-x-hat": lambda v: 2 * v["x"] * v["dsq"],
        "backward.cache-xc-x-hat": lambda v: 2 * v["x_hat"] * v["dsq"],
    },
    "dxc": {
        "backward.dxc-overwritten": lambda v: v["dxc_via_sq"],
        "backward.no-variance-path": lambda v: v["dxc_via_x_hat"],
    },
    "dmu": {
        "backward.mean-term-sign": lambda v: -v["dmu"],
        "backward.no-mean-path": lambda v: 0 * v["dmu"],
    },
    "dx_via_mu": {
        "backward.mean-term-no-1/N": lambda v: v["dmu"],
        "backward.mean-term-sign": lambda v: -v["dmu"] / v["N"],
        "backward.d-for-n": lambda v: v["dmu"] / v["dy"].shape[1],
        "backward.no-mean-path": lambda v: 0 * v["dmu"],
    },
    "dx": {
        "backward.dx-overwritten": lambda v: v["dx_via_mu"],
        "backward.no-mean-path": lambda v: v["dxc"],
        "backward.mean-term-sign": lambda v: v["dxc"] - v["dx_via_mu"],
        "backward.mean-term-no-1/N": lambda v: v["dxc"] + v["dmu"],
    },
}
