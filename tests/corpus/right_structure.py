"""Right groups of parameters and right blocks. They import PyTorch only when they are called."""

from collections import OrderedDict

from corpus.registry import program


@program(check="param_groups", code=None)
def split_by_dimensions(model, weight_decay):
    decay = [p for p in model.parameters() if p.ndim > 1]
    no_decay = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": decay, "weight_decay": weight_decay}, {"params": no_decay, "weight_decay": 0.0}]


@program(check="param_groups", code=None)
def split_by_type_of_layer(model, weight_decay):
    from torch import nn

    norms = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm)
    decay, no_decay = [], []
    for module in model.modules():
        for name, p in module.named_parameters(recurse=False):
            if isinstance(module, norms) or name == "bias":
                no_decay.append(p)
            else:
                decay.append(p)
    return [
        {"params": decay, "weight_decay": weight_decay},
        {"params": no_decay, "weight_decay": 0.0},
    ]


@program(check="param_groups", code=None)
def no_decay_first(model, weight_decay):
    groups = {"no": {"params": [], "weight_decay": 0}, "yes": {"params": [], "weight_decay": weight_decay}}
    for p in model.parameters():
        groups["yes" if len(p.shape) >= 2 else "no"]["params"].append(p)
    return list(groups.values())


@program(check="param_groups", code=None)
def one_group_a_parameter(model, weight_decay):
    return [
        {"params": [p], "weight_decay": weight_decay if p.dim() > 1 else 0.0}
        for p in model.parameters()
        if p.requires_grad
    ]


@program(check="param_groups", code=None)
def three_groups_with_names(model, weight_decay):
    # 가중치, 편향, 정규화
    groups = {"weights": [], "biases": [], "gammas": []}
    for name, p in model.named_parameters():
        key = "biases" if name.endswith("bias") else "weights" if p.ndim > 1 else "gammas"
        groups[key].append(p)
    wd = {"weights": weight_decay, "biases": 0.0, "gammas": 0.0}
    return [{"name": k, "params": ps, "weight_decay": wd[k]} for k, ps in groups.items()]


@program(check="param_groups", code=None)
def generators_as_params(model, weight_decay):
    return [
        {"params": (p for p in model.parameters() if p.ndim >= 2), "weight_decay": weight_decay},
        {"params": (p for p in model.parameters() if p.ndim < 2), "weight_decay": 0.0},
    ]


@program(check="param_groups", code=None)
def by_name_sets(model, weight_decay):
    # nanoGPT und minGPT
    params = dict(model.named_parameters())
    decay = {n for n, p in params.items() if p.dim() >= 2}
    no_decay = params.keys() - decay
    assert len(decay & no_decay) == 0
    return [
        {"params": [params[n] for n in sorted(decay)], "weight_decay": weight_decay},
        {"params": [params[n] for n in sorted(no_decay)], "weight_decay": 0.0},
    ]


@program(check="param_groups", code=None)
def kernels_of_conv_and_linear(model, weight_decay):
    from torch import nn

    layers = [m for m in model.modules() if isinstance(m, (nn.modules.conv._ConvNd, nn.Linear))]
    kernels = [m.weight for m in layers]
    seen = set(map(id, kernels))
    rest = [p for p in model.parameters() if id(p) not in seen]
    return ({"params": kernels, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0})


# --- blocks


@program(check="block_order", code=None)
def plain_sequential(c_in, c_out):
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(c_out),
        nn.ReLU(),
    )


@program(check="block_order", code=None)
def named_layers(c_in, c_out):
    import torch.nn as nn

    conv = nn.Conv2d(in_channels=c_in, out_channels=c_out, kernel_size=(3, 3), padding=(1, 1), bias=False)
    layers = [("conv", conv), ("bn", nn.BatchNorm2d(num_features=c_out)), ("relu", nn.ReLU(inplace=True))]
    return nn.Sequential(OrderedDict(layers))


@program(check="block_order", code=None)
def nested_sequentials(c_in, c_out):
    from torch import nn

    conv_bn = nn.Sequential(nn.Conv2d(c_in, c_out, 3, 1, 1, bias=False), nn.BatchNorm2d(c_out))
    return nn.Sequential(conv_bn, nn.ReLU())


@program(check="block_order", code=None)
def same_padding_and_smaller_eps(c_in, c_out):
    from torch import nn

    block = nn.Sequential()
    block.append(nn.Conv2d(c_in, c_out, 3, padding="same", bias=False))
    block.append(nn.BatchNorm2d(c_out, eps=1e-3, momentum=0.01))
    block.append(nn.ReLU())
    return block


@program(check="block_order", code=None)
def with_identity(c_in, c_out):
    from torch import nn

    drop = nn.Identity()  # ドロップアウトなし
    layers = [nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU(True), drop]
    return nn.Sequential(*layers)


@program(check="block_order", code=None)
def subclass_of_sequential(c_in, c_out):
    from torch import nn

    class ConvBNReLU(nn.Sequential):
        def __init__(self, a, b, k=3):
            super().__init__(nn.Conv2d(a, b, k, padding=k // 2, bias=False), nn.BatchNorm2d(b), nn.ReLU())

    return ConvBNReLU(c_in, c_out)


@program(check="block_order", code=None)
def bias_none_by_hand(c_in, c_out):
    from torch import nn

    conv = nn.Conv2d(c_in, c_out, 3, padding=1)
    conv.bias = None
    modules = nn.ModuleList([conv, nn.BatchNorm2d(c_out), nn.ReLU()])
    return nn.Sequential(*modules)
