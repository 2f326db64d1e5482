"""The list of the design for images, other norms, folding, workers and the gradient check, with its twins."""

__all__ = ["NETWORK_LIST"]


def _codes(subject, names):
    return [f"{subject}.{name}" for name in names.split()]


BOTH_PARAMS = "dgamma-mean dbeta-mean dgamma-extra-gamma dbeta-extra-gamma dgamma-dbeta-swapped"
FORWARD = "bessel eps-outside eps-missing no-root gamma-missing beta-missing gamma-beta-axis"
PATHS = "no-mean-path no-variance-path constant-statistics"
SIGNS = "mean-term-sign variance-term-sign"
AXES = "per-instance per-pixel per-cell without-width without-height"
NETWORK_LIST = {
    "spatial: per instance, per pixel, per cell (N only), partial axes": [
        *_codes("spatial", f"{AXES} per-example whole-tensor"),
        *_codes("spatial-backward", AXES),
    ],
    "spatial: reshape without transpose, there or back": [
        *_codes("spatial", "reshape-there reshape-back reshape-both"),
        *_codes("spatial-backward", "reshape-there reshape-back reshape-both reshape-dy"),
    ],
    "spatial: mean of variances": _codes("spatial", "mean-of-variances mean-of-cell-variances"),
    "spatial: divides by N instead of N·H·W": [
        *_codes("spatial", "divided-by-n mean-divided-by-n variance-divided-by-n"),
        *_codes("spatial-backward", "divided-by-n mean-term-divided-by-n variance-term-divided-by-n"),
    ],
    "spatial: what the plain forward and backward have too": [
        *_codes("spatial", FORWARD),
        *_codes("spatial-backward", f"{PATHS} {SIGNS} gamma-missing std-multiplied {BOTH_PARAMS}"),
    ],
    "group: number for size of groups": [
        *_codes("group", "size-for-number interleaved"),
        *_codes("group-backward", "size-for-number interleaved"),
    ],
    "group: per pixel · per channel, and other axes": [
        *_codes("group", "per-pixel per-channel one-group without-width without-height mean-of-variances"),
        *_codes("group-backward", "per-pixel per-channel one-group without-width without-height"),
    ],
    "group and layer: batch axis": [
        *_codes("group", "batch-axis batch-norm"),
        *_codes("group-backward", "batch-axis batch-norm"),
        "layer.batch-axis",
        "layer-backward.batch-axis",
        "layer.whole-table",
    ],
    "group and layer: N for D": [
        *_codes("layer", "n-for-d mean-n-for-d variance-n-for-d"),
        *_codes("layer-backward", "n-for-d mean-term-n-for-d variance-term-n-for-d no-1/D"),
        *_codes("group", "n-for-d divided-by-channels"),
        *_codes("group-backward", "n-for-d no-1/M"),
    ],
    "group and layer: gamma outside the sums": [
        "layer-backward.gamma-outside",
        "group-backward.gamma-outside",
    ],
    "group and layer: dgamma over the wrong axis": [
        *_codes("layer-backward", "dgamma-axis dbeta-axis"),
        *_codes("group-backward", "dgamma-axis dbeta-axis dgamma-per-group"),
    ],
    "group and layer: RMS": ["layer.rms", "group.rms", "layer.variance-about-zero", "layer.not-centred"],
    "group and layer: what the plain forward and backward have too": [
        *_codes("layer", f"{FORWARD} bessel-eps-outside"),
        *_codes("group", FORWARD),
        *_codes("layer-backward", f"{PATHS} {SIGNS} gamma-missing std-multiplied {BOTH_PARAMS}"),
        *_codes("group-backward", f"{PATHS} {SIGNS} gamma-missing std-multiplied {BOTH_PARAMS}"),
    ],
    "folding: bias forgotten or unscaled": _codes(
        "folding", "bias-forgotten bias-unscaled bias-kept mean-forgotten mean-unscaled beta-scaled"
    ),
    "folding: scale on the input axis": _codes(
        "folding", "input-axis weights-unscaled weights-divided gamma-forgotten std-multiplied"
    ),
    "folding: eps, root, sign": _codes(
        "folding", "eps-missing eps-outside no-root mean-sign beta-sign beta-forgotten"
    ),
    "sync: unweighted": _codes(
        "merging", "unweighted unweighted-mean unweighted-within unweighted-between shares-exchanged"
    ),
    "sync: pooled without the between-group term": _codes(
        "merging", "no-between between-no-square between-one-share between-sign std-merged about-old-mean"
    ),
    "sync: Bessel mixed": _codes("merging", "bessel-in bessel-out bessel-both pooled-unbiased"),
    "sync: half a merge": _codes("merging", "mean-kept count-kept"),
    "sync: backward with local sums": _codes(
        "sync-backward", "local-sums local-mean-term local-variance-term local-sums-global-n mean-of-means"
    ),
    "sync: local N": _codes("sync-backward", "local-n equal-sizes"),
    "sync: averaged dgamma": _codes(
        "sync-backward",
        "averaged dgamma-averaged dbeta-averaged averaged-in-dx-too params-of-one-worker",
    ),
    "sync: what the plain backward has too": _codes(
        "sync-backward", f"{PATHS} gamma-missing dgamma-dbeta-swapped"
    ),
    "gradient check: one-sided": _codes("numerical-gradient", "one-sided one-sided-below"),
    "gradient check: factor 2": _codes("numerical-gradient", "twice half not-divided sign"),
    "gradient check: step too small or large": _codes(
        "numerical-gradient", "step-too-small step-too-large float32"
    ),
    "gradient check: entry not restored": _codes("numerical-gradient", "not-restored all-at-once"),
    "gradient check: diagonal only": ["numerical-gradient.diagonal-only"],
    "gradient check: dout ignored": _codes("numerical-gradient", "dy-ignored mean-for-sum"),
    "structure: weight decay on gamma and beta": _codes(
        "param-groups",
        "decay-on-all decay-on-gamma decay-on-beta decay-on-none exchanged norms-left-out",
    ),
    "structure: conv bias in front of batch norm": ["block-order.conv-bias"],
    "structure: norm after the last layer, and other orders": _codes(
        "block-order", "norm-last norm-first no-norm no-activation"
    ),
}
