"""Wrong twins of how a net is put together: where the norm stands, what is decayed.

Chapters: placement, twelve-configurations.

PyTorch is imported inside the functions, so that importing this module does not load it. Read each
twin beside `param_groups` or `block_order`, the right functions. What they build is compared by its
outline, not by numbers: a bias in front of a norm changes no output, and is a fault all the same.
"""

from typing import Any

from bncourse.mistakes.twin import twin

__all__ = ["BLOCK_ORDER", "PARAM_GROUPS", "block_order", "outline_block", "outline_groups", "param_groups"]

# What PyTorch makes of them.
Model = Any
Block = Any
Groups = list[dict[str, Any]]


def param_groups(model: Model, weight_decay: float) -> Groups:
    """Optimiser groups: weights of layers are decayed; gamma, beta and biases, all of one axis, are not.

    model a torch.nn.Module, weight_decay >= 0 -> two groups that hold every parameter once.
    Source: He et al. 2019 (arXiv 1812.01187), section 3.1, "No bias decay".

    >>> from torch import nn
    >>> groups = param_groups(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)), 0.01)
    >>> [(group["weight_decay"], len(group["params"])) for group in groups]
    [(0.01, 1), (0.0, 3)]
    """
    decayed = [p for p in model.parameters() if p.ndim > 1]
    free = [p for p in model.parameters() if p.ndim == 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]


def block_order(c_in: int, c_out: int) -> Block:
    """A convolution without a bias, its norm, the activation: the block of a plain net.

    c_in, c_out channels -> a torch.nn.Sequential; maps keep their size.
    Source: Ioffe and Szegedy 2015 (arXiv 1502.03167), section 3.2.

    >>> outline_block(block_order(3, 8))
    ('Conv2d 3 to 8', 'BatchNorm2d 8', 'ReLU')
    """
    from torch import nn

    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())


def outline_groups(model: Model, groups: Groups) -> tuple[str, ...]:
    """Each parameter by its name with the decay it gets, in the order of the model: what is compared.

    A parameter in no group has "not trained"; one in two groups has both decays. "params" is what an
    optimiser takes: tensors in any order, one tensor, or (name, tensor). A group without "weight_decay"
    has 0, what SGD and Adam take when they are not told otherwise.

    >>> from torch import nn
    >>> model = nn.Sequential(nn.Linear(2, 3, bias=False), nn.BatchNorm1d(3))
    >>> outline_groups(model, param_groups(model, 0.01))
    ('0.weight 0.01', '1.weight 0.0', '1.bias 0.0')
    """
    held = [(str(float(group.get("weight_decay", 0.0))), _tensors(group["params"])) for group in groups]
    lines = []
    for name, own in model.named_parameters():
        decays = [decay for decay, tensors in held for p in tensors if p is own]
        lines.append(f"{name} {' and '.join(decays) or 'not trained'}")
    return tuple(lines)


def _tensors(params: Any) -> list[Any]:
    """The tensors of a group; those of a generator can be had only once."""
    if hasattr(params, "ndim"):
        return [params]
    return [one[1] if isinstance(one, tuple) else one for one in params]


def outline_block(block: Block) -> tuple[str, ...]:
    """The modules of a block in order, with their channels, and a bias where there is one: what is compared.

    Blocks inside the block are opened, and what does nothing (Identity) is left out. A convolution that
    changes the size of its maps says so.

    >>> from torch import nn
    >>> outline_block(nn.Sequential(nn.Conv2d(3, 8, 1), nn.Sequential(nn.ReLU(inplace=True), nn.Identity())))
    ('Conv2d 3 to 8 with bias', 'ReLU')
    """
    lines: list[str] = []
    for module in block:
        name = type(module).__name__
        if hasattr(module, "in_channels"):
            bias = "" if module.bias is None else " with bias"
            lines.append(f"{name} {module.in_channels} to {module.out_channels}{bias}{_unlike(module)}")
        elif hasattr(module, "in_features"):
            bias = "" if module.bias is None else " with bias"
            lines.append(f"{name} {module.in_features} to {module.out_features}{bias}")
        elif hasattr(module, "num_features"):
            rows = "" if module.affine else " without gamma and beta"
            lines.append(f"{name} {module.num_features}{rows}")
        elif name == "Sequential":
            lines += outline_block(module)
        elif name != "Identity":
            lines.append(name)
    return tuple(lines)


def _unlike(conv: Any) -> str:
    """What tells a convolution from one that keeps its maps' size and sees every channel."""
    kept = conv.padding == "same" or all(
        2 * pad == reach * (size - 1)
        for pad, reach, size in zip(conv.padding, conv.dilation, conv.kernel_size, strict=True)
    )
    parts = [f" padding {conv.padding}"] * (not kept)
    parts += [f" stride {conv.stride}"] * any(step != 1 for step in conv.stride)
    parts += [f" in {conv.groups} groups"] * (conv.groups != 1)
    return "".join(parts)


@twin("param-groups.decay-on-all", "the version that decays gamma and beta too")
def decay_on_all(model: Model, weight_decay: float) -> Groups:
    """One group for everything, which is what an optimiser does unasked."""
    return [{"params": list(model.parameters()), "weight_decay": weight_decay}]


@twin("param-groups.decay-on-gamma", "the version that spares what is named bias, and decays gamma")
def decay_on_gamma(model: Model, weight_decay: float) -> Groups:
    """In PyTorch gamma is named weight, like the weights of a layer."""
    decayed = [p for name, p in model.named_parameters() if not name.endswith("bias")]
    free = [p for name, p in model.named_parameters() if name.endswith("bias")]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]


@twin("param-groups.decay-on-beta", "the version that spares gamma, and decays beta")
def decay_on_beta(model: Model, weight_decay: float) -> Groups:
    """Of the parameters with one axis, only those named weight are spared."""
    free = [p for name, p in model.named_parameters() if p.ndim == 1 and name.endswith("weight")]
    decayed = [p for p in model.parameters() if all(p is not other for other in free)]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]


@twin("param-groups.decay-on-none", "the version that decays nothing")
def decay_on_none(model: Model, weight_decay: float) -> Groups:
    """The weights of the layers are spared as well."""
    return [{"params": list(model.parameters()), "weight_decay": 0.0}]


@twin("param-groups.exchanged", "the version with the two groups exchanged")
def exchanged(model: Model, weight_decay: float) -> Groups:
    """Decay on gamma, beta and biases, and on nothing else."""
    decayed = [p for p in model.parameters() if p.ndim == 1]
    free = [p for p in model.parameters() if p.ndim > 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]


@twin("param-groups.norms-left-out", "the version that leaves gamma, beta and biases out of every group")
def norms_left_out(model: Model, weight_decay: float) -> Groups:
    """The optimiser never sees them, so they stay as they were made."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    return [{"params": decayed, "weight_decay": weight_decay}]


@twin("block-order.conv-bias", "the version whose convolution has a bias in front of the norm")
def conv_bias(c_in: int, c_out: int) -> Block:
    """The norm subtracts it again: c_out parameters that do nothing."""
    from torch import nn

    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU())


@twin("block-order.norm-last", "the version that ends with its norm, after the activation")
def norm_last(c_in: int, c_out: int) -> Block:
    """What leaves the block is centred: half of it is negative again."""
    from torch import nn

    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.ReLU(), nn.BatchNorm2d(c_out))


@twin("block-order.norm-first", "the version whose norm stands before the convolution")
def norm_first(c_in: int, c_out: int) -> Block:
    """Of the input's channels; and a convolution without bias then has no shift at all."""
    from torch import nn

    return nn.Sequential(nn.BatchNorm2d(c_in), nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.ReLU())


@twin("block-order.no-norm", "the version without a norm")
def no_norm(c_in: int, c_out: int) -> Block:
    """And without a bias, so without any shift."""
    from torch import nn

    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.ReLU())


@twin("block-order.no-activation", "the version without an activation")
def no_activation(c_in: int, c_out: int) -> Block:
    """Two such blocks in a row are, in use, one linear layer."""
    from torch import nn

    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out))


PARAM_GROUPS = (
    decay_on_all, decay_on_gamma, decay_on_beta, decay_on_none, exchanged, norms_left_out,
)  # fmt: skip
BLOCK_ORDER = (conv_bias, norm_last, norm_first, no_norm, no_activation)
