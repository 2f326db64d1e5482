"""Slips in the staged form and in its two idioms; see test_mutants.py for how a slip is tried."""

STAGED, IDIOMS = "bncourse/reference/staged.py", "bncourse/reference/idioms.py"

# name: (file, what stands there, the slip)
STAGED_SLIPS = {
    "staged: mean without 1/N": (STAGED, "mu = _sum(x) / N", "mu = _sum(x)"),
    "staged: eps outside the root": (STAGED, "np.sqrt(var + eps)  # ⑥", "np.sqrt(var) + eps"),
    "staged: var and std exchanged in the values": (
        STAGED,
        "x, mu, mu_rows, xc, sq, var, std,",
        "x, mu, mu_rows, xc, sq, std, var,",
    ),
    "staged ⑫: factors not exchanged": (
        STAGED,
        "dscaled * v.gamma_rows, dscaled * v.x_hat",
        "dscaled * v.x_hat, dscaled * v.gamma_rows",
    ),
    "staged ⑫: xc for x_hat": (STAGED, "dscaled * v.x_hat  #", "dscaled * v.xc  #"),
    "staged ⑦: sign": (STAGED, "dstd = -dinv_std", "dstd = dinv_std"),
    "staged ⑦: no square": (STAGED, "/ v.std**2", "/ v.std"),
    "staged ⑥: 2 forgotten": (STAGED, "dstd / (2 * v.std)", "dstd / v.std"),
    "staged ⑥: multiplied by std": (STAGED, "dstd / (2 * v.std)", "dstd / 2 * v.std"),
    "staged ⑤: no 1/N": (STAGED, "np.broadcast_to(dvar / N", "np.broadcast_to(dvar"),
    "staged ④: 2 forgotten": (STAGED, "2 * v.xc * dsq", "v.xc * dsq"),
    "staged ④: x for xc": (STAGED, "2 * v.xc * dsq", "2 * v.x * dsq"),
    "staged ③: a part overwritten": (STAGED, "dxc = dxc_via_x_hat + dxc_via_sq", "dxc = dxc_via_sq"),
    "staged ③: sign": (STAGED, "dmu_rows = dxc, -dxc", "dmu_rows = dxc, dxc"),
    "staged ③: values of ③ changed": (
        STAGED,
        "dxc_via_sq = 2 * v.xc * dsq",
        "dxc_via_sq = np.multiply(v.xc, 2, out=v.xc) * dsq",
    ),
    "staged ①: no 1/N": (STAGED, "np.broadcast_to(dmu / N", "np.broadcast_to(dmu"),
    "staged ⓪: a part overwritten": (STAGED, "dx = dx_via_xc + dx_via_mu", "dx = dx_via_xc"),
    "staged: float32 sums": (STAGED, "z.sum(axis=0, dtype=np.float64).astype(z.dtype)", "z.sum(axis=0)"),
    "staged ③: a part changed in place": (
        STAGED,
        "dxc = dxc_via_x_hat + dxc_via_sq",
        "dxc = np.add(dxc_via_x_hat, dxc_via_sq, out=dxc_via_x_hat)",
    ),
    "nine steps 8: dgamma from xc": (IDIOMS, "(x_hat * dscaled).sum", "(xc * dscaled).sum"),
    "nine steps 6: sign": (IDIOMS, "dstd = -dinv_std / std**2", "dstd = dinv_std / std**2"),
    "nine steps 5: 2 forgotten": (IDIOMS, "dvar = dstd / (2 * std)  # 5", "dvar = dstd / std"),
    "nine steps 4: no 1/N": (IDIOMS, "np.ones_like(dy) * dvar / N", "np.ones_like(dy) * dvar"),
    "nine steps 3: part overwritten": (IDIOMS, "dxc = dxc + 2 * xc * dsq", "dxc = 2 * xc * dsq"),
    "nine steps 2: sign": (IDIOMS, "dmu = -dxc.sum", "dmu = dxc.sum"),
    "nine steps 0: mean path lost": (IDIOMS, "dx = dxc + dx_mean", "dx = dxc"),
    "xc/std: eps outside the root": (
        IDIOMS,
        "std = np.sqrt((xc**2).mean(axis=0) + eps)",
        "std = np.sqrt((xc**2).mean(axis=0)) + eps",
    ),
    "xc/std: gamma forgotten": (IDIOMS, "dx_hat = gamma * dy\n", "dx_hat = dy\n"),
    "xc/std: sign of dstd": (IDIOMS, "dstd = -(dx_hat * xc", "dstd = (dx_hat * xc"),
    "xc/std: divided twice": (IDIOMS, "dxc = dx_hat / std\n", "dxc = dx_hat / std**2\n"),
    "xc/std: variance path without 1/N": (IDIOMS, "2 * xc * dvar / N", "2 * xc * dvar"),
    "xc/std: mean path added": (IDIOMS, "dx = dxc - dmu / N", "dx = dxc + dmu / N"),
}
