"""Slips in spatial batch norm, its family, folding, merging and workers; see test_mutants.py."""

NORMALISE, CHANNELS, SPATIAL, FAMILY, FOLD, MERGE, SYNC = (
    f"bncourse/reference/{name}.py"
    for name in ("normalise", "channels", "spatial", "family", "fold", "merge", "sync")
)
MU = "mu = x.mean(axis=axes, keepdims=True, dtype=np.float64)"
ALONG = "along_x_hat = (dx_hat * x_hat).mean(axis=axes, keepdims=True, dtype=np.float64)"
BETWEEN = "between = share_a * share_b * apart**2"
DX = "dx = cache.gamma * cache.inv_std * (dy - mean_dy - cache.x_hat * mean_dy_x_hat)"

# name: (file, what stands there, the slip)
NETWORK_SLIPS = {
    "normalise: eps outside the root": (NORMALISE, "1 / np.sqrt(var + eps)", "1 / (np.sqrt(var) + eps)"),
    "normalise: no root": (NORMALISE, "1 / np.sqrt(var + eps)", "1 / (var + eps)"),
    "normalise: variance about zero": (NORMALISE, "var = np.square(xc)", "var = np.square(x)"),
    "normalise: always centred": (NORMALISE, MU + " if centred else 0.0", MU),
    "normalise: float32 differences": (
        NORMALISE,
        "xc = x.astype(np.float64) - mu",
        "xc = x - np.float32(mu)",
    ),
    "normalise backward: no mean path": (NORMALISE, "    if centred:", "    if False:"),
    "normalise backward: mean path without centring": (NORMALISE, "    if centred:", "    if True:"),
    "normalise backward: no variance path": (
        NORMALISE,
        "dx = dx_hat - x_hat * along_x_hat",
        "dx = dx_hat",
    ),
    "normalise backward: sum for mean": (NORMALISE, ALONG, ALONG.replace(".mean(", ".sum(")),
    "channels: batch without places": (CHANNELS, '"batch": (0, 3),', '"batch": (0,),'),
    "channels: batch without the batch": (CHANNELS, '"batch": (0, 3),', '"batch": (3,),'),
    "channels: instance over the batch": (CHANNELS, '"instance": (3,),', '"instance": (0, 3),'),
    "channels: group without its channels": (CHANNELS, '"group": (2, 3),', '"group": (3,),'),
    "channels: group without places": (CHANNELS, '"group": (2, 3),', '"group": (2,),'),
    "channels: layer without places": (CHANNELS, '"layer": (1, 2, 3),', '"layer": (1, 2),'),
    "channels: layer over the batch": (CHANNELS, '"layer": (1, 2, 3),', '"layer": (0, 2, 3),'),
    "channels: RMS over the batch": (CHANNELS, '"rms": (1, 2, 3),', '"rms": (0, 2, 3),'),
    "channels: size for number of groups": (
        CHANNELS,
        "z.reshape(N, groups, C // groups, -1)",
        "z.reshape(N, C // groups, groups, -1)",
    ),
    "channels: RMS is centred": (CHANNELS, 'eps=eps, centred=norm != "rms"', "eps=eps, centred=True"),
    "channels: gamma outside the means": (
        CHANNELS,
        "dx_hat = _beside(cache.gamma, dy.ndim) * dy",
        "dx_hat = dy",
    ),
    "channels: dgamma over the batch only": (
        CHANNELS,
        "rest = (0, *range(2, dy.ndim))",
        "rest = (0, *range(3, dy.ndim))",
    ),
    "channels: dgamma without x_hat": (CHANNELS, "dgamma = (dy * x_hat).sum", "dgamma = dy.sum"),
    "channels: inv_std of the wrong channel": (
        CHANNELS,
        "inv_std.repeat(maps.shape[1] // groups, axis=2)",
        "inv_std.repeat(maps.shape[1] // groups, axis=2)[:, ::-1]",
    ),
    "channels: beta forgotten": (CHANNELS, "* x_hat + _beside(beta, maps.ndim)", "* x_hat"),
    "channels: groups forgotten": (CHANNELS, "inv_std, gamma, groups)", "inv_std, gamma)"),
    "spatial: eps ignored": (
        SPATIAL,
        'channel_forward("batch", x, gamma, beta, eps=eps)',
        'channel_forward("batch", x, gamma, beta)',
    ),
    "spatial: cells in another order": (
        SPATIAL,
        "cells = x.reshape(len(x), -1)",
        "cells = np.moveaxis(x, 1, -1).reshape(len(x), -1)",
    ),
    "family: eps ignored": (
        FAMILY,
        'channel_forward("layer", x, gamma, beta, eps=eps)',
        'channel_forward("layer", x, gamma, beta)',
    ),
    "family: groups ignored": (FAMILY, "groups=groups, eps=eps", "eps=eps"),
    "fold: bias forgotten": (FOLD, "(b - mean) * scale + beta", "(0 - mean) * scale + beta"),
    "fold: bias not scaled": (FOLD, "(b - mean) * scale + beta", "b - mean * scale + beta"),
    "fold: sign of the mean": (FOLD, "(b - mean) * scale + beta", "(b + mean) * scale + beta"),
    "fold: beta forgotten": (FOLD, "(b - mean) * scale + beta", "(b - mean) * scale"),
    "fold: no eps": (FOLD, "gamma / np.sqrt(var + eps)\n", "gamma / np.sqrt(var)\n"),
    "fold: no root": (FOLD, "gamma / np.sqrt(var + eps)\n", "gamma / (var + eps)\n"),
    "fold: the input axis": (
        FOLD,
        "scale.reshape(O, *[1] * (W.ndim - 1))",
        "np.resize(scale, W.shape[1]).reshape(1, -1, *[1] * (W.ndim - 2))",
    ),
    "merge: unweighted": (MERGE, "count_a / count, count_b / count", "0.5, 0.5"),
    "merge: shares exchanged": (
        MERGE,
        "count_a / count, count_b / count",
        "count_b / count, count_a / count",
    ),
    "merge: no between-term": (MERGE, "within + between", "within"),
    "merge: between-term not squared": (MERGE, BETWEEN, BETWEEN.replace("**2", "")),
    "merge: between-term once": (MERGE, BETWEEN, BETWEEN.replace("share_a * ", "")),
    "merge: direction": (MERGE, "mean_a + share_b * apart", "mean_a - share_b * apart"),
    "sync: local count": (
        SYNC,
        "dbeta / cache.count, dgamma / cache.count",
        "dbeta / len(dy), dgamma / len(dy)",
    ),
    "sync: local sums": (SYNC, "dbeta / cache.count", "dy.mean(axis=0)"),
    "sync: no variance path": (SYNC, DX, DX.replace(" - cache.x_hat * mean_dy_x_hat", "")),
    "sync: no mean path": (SYNC, DX, DX.replace(" - mean_dy - ", " - ")),
    "sync: gamma forgotten": (SYNC, DX, DX.replace("cache.gamma * ", "")),
    "sync: only the last two workers": (SYNC, "*b), parts)", "*b), parts[-2:])"),
    "sync: local x_hat": (SYNC, "((batch - mu) /", "((batch - batch.mean(axis=0)) /"),
}
