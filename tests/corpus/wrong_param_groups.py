# ruff: noqa: B007, SIM222
"""Wrong groups of parameters: what weight decay falls on. They import PyTorch only when they are called."""

from corpus.registry import program

# --- param-groups.decay-on-all


@program(check="param_groups", code="param-groups.decay-on-all")
def one_group(model, weight_decay):
    return [{"params": list(model.parameters()), "weight_decay": weight_decay}]


@program(check="param_groups", code="param-groups.decay-on-all")
def groups_by_layer(model, weight_decay):
    groups = []
    for module in model.modules():
        params = list(module.parameters(recurse=False))
        if params:
            groups.append({"params": params, "weight_decay": weight_decay})
    return groups


@program(check="param_groups", code="param-groups.decay-on-all")
def two_groups_same_number(model, weight_decay):
    decay, no_decay = [], []
    for name, p in model.named_parameters():
        (no_decay if p.ndim == 1 else decay).append(p)
    wd = {"weight_decay": weight_decay}
    return [dict(params=decay, **wd), dict(params=no_decay, **wd)]


# --- param-groups.decay-on-gamma


@program(check="param_groups", code="param-groups.decay-on-gamma")
def names_ending_in_bias(model, weight_decay):
    decay, no_decay = [], []
    for name, p in model.named_parameters():
        if name.endswith(".bias") or name == "bias":
            no_decay.append(p)
        else:
            decay.append(p)
    return [
        {"params": decay, "weight_decay": weight_decay},
        {"params": no_decay, "weight_decay": 0.0},
    ]


@program(check="param_groups", code="param-groups.decay-on-gamma")
def transformers_habit(model, weight_decay):
    no_decay = ["bias", "LayerNorm.weight"]
    return [
        {
            "params": [p for n, p in model.named_parameters() if not any(nd in n for nd in no_decay)],
            "weight_decay": weight_decay,
        },
        {
            "params": [p for n, p in model.named_parameters() if any(nd in n for nd in no_decay)],
            "weight_decay": 0,
        },
    ]


@program(check="param_groups", code="param-groups.decay-on-gamma")
def every_weight_attribute(model, weight_decay):
    # las matrices y filtros se llaman weight
    weights, biases = [], []
    for module in model.modules():
        own = dict(module.named_parameters(recurse=False))
        weights += [p for name, p in own.items() if name == "weight"]
        biases += [p for name, p in own.items() if name != "weight"]
    return [{"params": weights, "weight_decay": weight_decay}, {"params": biases, "weight_decay": 0.0}]


# --- param-groups.decay-on-beta


@program(check="param_groups", code="param-groups.decay-on-beta")
def gamma_alone_is_spared(model, weight_decay):
    from torch import nn

    norms = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm)
    gammas = [m.weight for m in model.modules() if isinstance(m, norms)]
    ids = {id(g) for g in gammas}
    rest = [p for p in model.parameters() if id(p) not in ids]
    return [{"params": rest, "weight_decay": weight_decay}, {"params": gammas, "weight_decay": 0.0}]


@program(check="param_groups", code="param-groups.decay-on-beta")
def one_dimensional_weights(model, weight_decay):
    decay, no_decay = [], []
    for name, p in model.named_parameters():
        is_gamma = name.split(".")[-1] == "weight" and p.dim() == 1
        (no_decay if is_gamma else decay).append(p)
    return [{"params": no_decay, "weight_decay": 0.0}, {"params": decay, "weight_decay": weight_decay}]


@program(check="param_groups", code="param-groups.decay-on-beta")
def weights_of_norms_by_class_name(model, weight_decay):
    groups = {0.0: [], weight_decay: []}
    for m in model.modules():
        for name, p in m.named_parameters(recurse=False):
            # ガンマだけ除く
            wd = 0.0 if "Norm" in type(m).__name__ and name == "weight" else weight_decay
            groups[wd].append(p)
    return [{"params": ps, "weight_decay": wd} for wd, ps in groups.items()]


# --- param-groups.decay-on-none


@program(check="param_groups", code="param-groups.decay-on-none")
def zero_for_all(model, weight_decay):
    return [{"params": list(model.parameters()), "weight_decay": 0.0}]


@program(check="param_groups", code="param-groups.decay-on-none")
def zero_in_both_groups(model, weight_decay):
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": matrices}, {"params": vectors}]
    for g in groups:
        g["weight_decay"] = 0.0
    return groups


@program(check="param_groups", code="param-groups.decay-on-none")
def condition_always_true(model, weight_decay):
    decay, no_decay = [], []
    for name, p in model.named_parameters():
        if "bias" or "norm" in name:
            no_decay.append(p)
        else:
            decay.append(p)
    groups = [{"params": no_decay, "weight_decay": 0.0}]
    if decay:
        groups.append({"params": decay, "weight_decay": weight_decay})
    return groups


# --- param-groups.exchanged


@program(check="param_groups", code="param-groups.exchanged")
def lists_the_other_way_round(model, weight_decay):
    decay, no_decay = [], []
    for p in model.parameters():
        if p.ndim >= 2:
            no_decay.append(p)
        else:
            decay.append(p)
    return [{"params": decay, "weight_decay": weight_decay}, {"params": no_decay, "weight_decay": 0.0}]


@program(check="param_groups", code="param-groups.exchanged")
def zero_on_the_matrices(model, weight_decay):
    params = list(model.parameters())
    return [
        {"params": [p for p in params if p.ndim > 1], "weight_decay": 0.0},
        {"params": [p for p in params if p.ndim <= 1], "weight_decay": weight_decay},
    ]


@program(check="param_groups", code="param-groups.exchanged")
def helper_returns_the_pair_reversed(model, weight_decay):
    def split(net):
        from torch import nn

        inner = [m for m in net.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
        kernels = [m.weight for m in inner]
        seen = {id(k) for k in kernels}
        return [p for p in net.parameters() if id(p) not in seen], kernels

    decay, no_decay = split(model)
    return [{"params": decay, "weight_decay": weight_decay}, {"params": no_decay, "weight_decay": 0.0}]


# --- param-groups.norms-left-out


@program(check="param_groups", code="param-groups.norms-left-out")
def only_the_matrices(model, weight_decay):
    return [{"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": weight_decay}]


@program(check="param_groups", code="param-groups.norms-left-out")
def second_group_not_returned(model, weight_decay):
    decay, no_decay = [], []
    for _, p in model.named_parameters():
        if len(p.shape) == 1:
            no_decay.append(p)
        else:
            decay.append(p)
    groups = [{"params": decay, "weight_decay": weight_decay}]
    rest = {"params": no_decay, "weight_decay": 0.0}
    assert len(rest) == 2
    return groups


@program(check="param_groups", code="param-groups.norms-left-out")
def continue_at_vectors(model, weight_decay):
    groups = []
    for name, p in model.named_parameters():
        if p.squeeze().ndim < 2 and p.ndim < 2:
            continue  # 정규화와 편향은 건너뛴다
        groups.append({"params": [p], "weight_decay": weight_decay, "name": name})
    return groups
