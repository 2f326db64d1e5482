"""The 16 nodes as data: what each computes, and what it passes back. Chapter: computational-graph.

Every formula is one Python statement in the names of `bncourse.reference.staged`; the cards show
these very strings, and tests run them. `letters` are the gradient's letters in the Japanese article
whose node numbers the course uses, where f8 is the value of node ⑧ and d8 what it passes back.
"""

from dataclasses import dataclass

__all__ = ["NODES", "Node", "consumers", "gradient_sum"]


@dataclass(frozen=True)
class Node:
    """One step. `derivatives`, `backward` and `parts` hold one entry for each of `inputs`.

    >>> NODES[6].mark, NODES[6].forward, NODES[6].backward, NODES[6].parts
    ('⑥', 'std = np.sqrt(var + eps)', ('dvar = dstd / (2 * std)',), ('dvar',))
    """

    number: int
    name: str
    op: str  # leaf, mean, rows, subtract, square, sqrt, reciprocal, multiply or add
    shape: str  # "N D" or "D"
    inputs: tuple[str, ...]
    forward: str
    derivatives: tuple[str, ...]  # of one entry of this node with respect to one of the input
    backward: tuple[str, ...]
    letters: str

    @property
    def mark(self) -> str:
        """The number in a circle, ⓪ to ⑮."""
        return "⓪①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮"[self.number]

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the gradients passed back, the left sides of `backward`."""
        return tuple(line.split(" = ")[0] for line in self.backward)


_UP = "np.broadcast_to({}, x.shape)"

NODES = (
    Node(0, "x", "leaf", "N D", (), "x = x", (), (), "dx = d3a + d1"),
    Node(1, "mu", "mean", "D", ("x",), "mu = x.sum(axis=0) / N",
         ("1 / N",), ("dx_via_mu = " + _UP.format("dmu / N"),), "d2"),
    Node(2, "mu_rows", "rows", "N D", ("mu",), "mu_rows = " + _UP.format("mu"),
         ("1",), ("dmu = dmu_rows.sum(axis=0)",), "d3b"),
    Node(3, "xc", "subtract", "N D", ("x", "mu_rows"), "xc = x - mu_rows",
         ("1", "-1"), ("dx_via_xc = dxc", "dmu_rows = -dxc"), "d3a = d9a + d4"),
    Node(4, "sq", "square", "N D", ("xc",), "sq = xc**2",
         ("2 * xc",), ("dxc_via_sq = 2 * xc * dsq",), "d5"),
    Node(5, "var", "mean", "D", ("sq",), "var = sq.sum(axis=0) / N",
         ("1 / N",), ("dsq = " + _UP.format("dvar / N"),), "d6"),
    Node(6, "std", "sqrt", "D", ("var",), "std = np.sqrt(var + eps)",
         ("1 / (2 * std)",), ("dvar = dstd / (2 * std)",), "d7"),
    Node(7, "inv_std", "reciprocal", "D", ("std",), "inv_std = 1 / std",
         ("-1 / std**2",), ("dstd = -dinv_std / std**2",), "d8"),
    Node(8, "inv_std_rows", "rows", "N D", ("inv_std",), "inv_std_rows = " + _UP.format("inv_std"),
         ("1",), ("dinv_std = dinv_std_rows.sum(axis=0)",), "d9b"),
    Node(9, "x_hat", "multiply", "N D", ("xc", "inv_std_rows"), "x_hat = xc * inv_std_rows",
         ("inv_std_rows", "xc"),
         ("dxc_via_x_hat = dx_hat * inv_std_rows", "dinv_std_rows = dx_hat * xc"), "d12a"),
    Node(10, "gamma", "leaf", "D", (), "gamma = gamma", (), (), "d11"),
    Node(11, "gamma_rows", "rows", "N D", ("gamma",), "gamma_rows = " + _UP.format("gamma"),
         ("1",), ("dgamma = dgamma_rows.sum(axis=0)",), "d12b"),
    Node(12, "scaled", "multiply", "N D", ("x_hat", "gamma_rows"), "scaled = x_hat * gamma_rows",
         ("gamma_rows", "x_hat"),
         ("dx_hat = dscaled * gamma_rows", "dgamma_rows = dscaled * x_hat"), "d15"),
    Node(13, "beta", "leaf", "D", (), "beta = beta", (), (), "d14"),
    Node(14, "beta_rows", "rows", "N D", ("beta",), "beta_rows = " + _UP.format("beta"),
         ("1",), ("dbeta = dbeta_rows.sum(axis=0)",), "d15"),
    Node(15, "y", "add", "N D", ("scaled", "beta_rows"), "y = scaled + beta_rows",
         ("1", "1"), ("dscaled = dy", "dbeta_rows = dy"), "d15"),
)  # fmt: skip


def consumers(node: Node) -> tuple[tuple[Node, int], ...]:
    """The nodes that use `node`, the last first, each with the place of `node` among its inputs.

    >>> [(user.mark, place) for user, place in consumers(NODES[3])]
    [('⑨', 0), ('④', 0)]
    """
    return tuple((user, user.inputs.index(node.name)) for user in reversed(NODES) if node.name in user.inputs)


def gradient_sum(node: Node) -> str:
    """How the gradient of a node that is used twice comes together; empty for the others.

    >>> gradient_sum(NODES[3]), gradient_sum(NODES[4])
    ('dxc = dxc_via_x_hat + dxc_via_sq', '')
    """
    parts = [user.parts[place] for user, place in consumers(node)]
    return f"d{node.name} = {' + '.join(parts)}" if len(parts) > 1 else ""
