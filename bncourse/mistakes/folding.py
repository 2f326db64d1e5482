"""Wrong twins of `fold_batchnorm`. Chapters: ship-and-scale, gradient-checking.

W (O, I) or (O, I, kh, kw); b, gamma, beta, mean, var (O,). Read each beside the right lines:

    scale = gamma / np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return W * scale.reshape(-1, *[1] * (W.ndim - 1)), (b - mean) * scale + beta
"""

# mypy: disable-error-code="no-any-return"
# (To mypy, arithmetic on arrays is Any. Saying otherwise in every twin would bury the slip.)

import numpy as np
from jaxtyping import Real

from bncourse.conventions import Row
from bncourse.mistakes.twin import twin

__all__ = ["FOLDING"]

Weight = Real[np.ndarray, "O I *k"]
Layer = tuple[np.ndarray, np.ndarray]


@twin("folding.bias-forgotten", "the version that drops the bias of the layer")
def bias_forgotten(
    W: Weight, b: Row | None, gamma: Row, beta: Row, mean: Row, var: Row, *, eps: float = 1e-5
) -> Layer:
    """As if the layer had none."""
    scale = gamma / np.sqrt(var + eps)
    return W * scale.reshape(-1, *[1] * (W.ndim - 1)), beta - mean * scale


@twin("folding.bias-unscaled", "the version whose old bias is added without the scale")
def bias_unscaled(
    W: Weight, b: Row | None, gamma: Row, beta: Row, mean: Row, var: Row, *, eps: float = 1e-5
) -> Layer:
    """The norm scales everything that the layer puts out."""
    scale = gamma / np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return W * scale.reshape(-1, *[1] * (W.ndim - 1)), b - mean * scale + beta


@twin("folding.bias-kept", "the version that scales the weights and keeps the old bias")
def bias_kept(
    W: Weight, b: Row | None, gamma: Row, beta: Row, mean: Row, var: Row, *, eps: float = 1e-5
) -> Layer:
    """Half of the norm."""
    scale = gamma / np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return W * scale.reshape(-1, *[1] * (W.ndim - 1)), b


@twin("folding.mean-forgotten", "the version that does not subtract the mean")
def mean_forgotten(
    W: Weight, b: Row | None, gamma: Row, beta: Row, mean: Row, var: Row, *, eps: float = 1e-5
) -> Layer:
    """The shift of the running mean is lost."""
    scale = gamma / np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return W * scale.reshape(-1, *[1] * (W.ndim - 1)), b * scale + beta


@twin("folding.mean-unscaled", "the version whose mean is subtracted without the scale")
def mean_unscaled(
    W: Weight, b: Row | None, gamma: Row, beta: Row, mean: Row, var: Row, *, eps: float = 1e-5
) -> Layer:
    """The scale comes after the mean."""
    scale = gamma / np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return W * scale.reshape(-1, *[1] * (W.ndim - 1)), b * scale - mean + beta


@twin("folding.mean-sign", "the version that adds the mean")
def mean_sign(
    W: Weight, b: Row | None, gamma: Row, beta: Row, mean: Row, var: Row, *, eps: float = 1e-5
) -> Layer:
    """A sign."""
    scale = gamma / np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return W * scale.reshape(-1, *[1] * (W.ndim - 1)), (b + mean) * scale + beta


@twin("folding.beta-forgotten", "the version that drops beta")
def beta_forgotten(
    W: Weight, b: Row | None, gamma: Row, beta: Row, mean: Row, var: Row, *, eps: float = 1e-5
) -> Layer:
    """The shift of the norm is lost."""
    scale = gamma / np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return W * scale.reshape(-1, *[1] * (W.ndim - 1)), (b - mean) * scale


@twin("folding.beta-sign", "the version that subtracts beta")
def beta_sign(
    W: Weight, b: Row | None, gamma: Row, beta: Row, mean: Row, var: Row, *, eps: float = 1e-5
) -> Layer:
    """A sign."""
    scale = gamma / np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return W * scale.reshape(-1, *[1] * (W.ndim - 1)), (b - mean) * scale - beta


@twin("folding.beta-scaled", "the version that scales beta too")
def beta_scaled(
    W: Weight, b: Row | None, gamma: Row, beta: Row, mean: Row, var: Row, *, eps: float = 1e-5
) -> Layer:
    """beta comes after the scale."""
    scale = gamma / np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return W * scale.reshape(-1, *[1] * (W.ndim - 1)), (b - mean + beta) * scale


@twin("folding.gamma-forgotten", "the version that drops gamma")
def gamma_forgotten(
    W: Weight, b: Row | None, gamma: Row, beta: Row, mean: Row, var: Row, *, eps: float = 1e-5
) -> Layer:
    """The scale of the norm is lost."""
    scale = 1 / np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return W * scale.reshape(-1, *[1] * (W.ndim - 1)), (b - mean) * scale + beta


@twin("folding.weights-unscaled", "the version that folds into the bias only")
def weights_unscaled(
    W: Weight, b: Row | None, gamma: Row, beta: Row, mean: Row, var: Row, *, eps: float = 1e-5
) -> Layer:
    """The weights are returned as they came."""
    scale = gamma / np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return W.copy(), (b - mean) * scale + beta


@twin("folding.weights-divided", "the version that divides the weights by the scale")
def weights_divided(
    W: Weight, b: Row | None, gamma: Row, beta: Row, mean: Row, var: Row, *, eps: float = 1e-5
) -> Layer:
    """The wrong way round."""
    scale = gamma / np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return W / scale.reshape(-1, *[1] * (W.ndim - 1)), (b - mean) * scale + beta


@twin("folding.input-axis", "the version that scales the weights along the input axis")
def input_axis(
    W: Weight, b: Row | None, gamma: Row, beta: Row, mean: Row, var: Row, *, eps: float = 1e-5
) -> Layer:
    """One factor an input channel: NumPy complains unless O = I."""
    scale = gamma / np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return W * scale.reshape(1, -1, *[1] * (W.ndim - 2)), (b - mean) * scale + beta


@twin("folding.eps-missing", "the version without eps")
def eps_missing(
    W: Weight, b: Row | None, gamma: Row, beta: Row, mean: Row, var: Row, *, eps: float = 1e-5
) -> Layer:
    """Another function than the one that was in use."""
    scale = gamma / np.sqrt(var)
    b = np.zeros(len(W)) if b is None else b
    return W * scale.reshape(-1, *[1] * (W.ndim - 1)), (b - mean) * scale + beta


@twin("folding.eps-outside", "the version with eps outside the root")
def eps_outside(
    W: Weight, b: Row | None, gamma: Row, beta: Row, mean: Row, var: Row, *, eps: float = 1e-5
) -> Layer:
    """eps is added to the standard deviation."""
    scale = gamma / (np.sqrt(var) + eps)
    b = np.zeros(len(W)) if b is None else b
    return W * scale.reshape(-1, *[1] * (W.ndim - 1)), (b - mean) * scale + beta


@twin("folding.no-root", "the version that divides by the variance, without the root")
def no_root(
    W: Weight, b: Row | None, gamma: Row, beta: Row, mean: Row, var: Row, *, eps: float = 1e-5
) -> Layer:
    """Divided by var + eps."""
    scale = gamma / (var + eps)
    b = np.zeros(len(W)) if b is None else b
    return W * scale.reshape(-1, *[1] * (W.ndim - 1)), (b - mean) * scale + beta


@twin("folding.std-multiplied", "the version that multiplies by std instead of dividing")
def std_multiplied(
    W: Weight, b: Row | None, gamma: Row, beta: Row, mean: Row, var: Row, *, eps: float = 1e-5
) -> Layer:
    """Upside down."""
    scale = gamma * np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return W * scale.reshape(-1, *[1] * (W.ndim - 1)), (b - mean) * scale + beta


FOLDING = (
    bias_forgotten, bias_unscaled, bias_kept, mean_forgotten, mean_unscaled, mean_sign, beta_forgotten,
    beta_sign, beta_scaled, gamma_forgotten, weights_unscaled, weights_divided, input_axis, eps_missing,
    eps_outside, no_root, std_multiplied,
)  # fmt: skip
