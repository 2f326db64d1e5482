"""Wrong groups and blocks that no code names. They import PyTorch only when they are called."""

from corpus.registry import program


def _split(model):
    params = list(model.parameters())
    return [p for p in params if p.ndim > 1], [p for p in params if p.ndim <= 1]


@program(check="param_groups", code="outside")
def half_the_decay(model, weight_decay):
    decay, rest = _split(model)
    return [{"params": decay, "weight_decay": weight_decay / 2}, {"params": rest, "weight_decay": 0.0}]


@program(check="param_groups", code="outside")
def first_kernel_in_no_group(model, weight_decay):
    decay, rest = _split(model)
    return [{"params": decay[1:], "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]


@program(check="param_groups", code="outside")
def largest_layer_spared(model, weight_decay):
    decay, rest = _split(model)
    largest = max(decay, key=lambda p: p.numel())
    others = [p for p in decay if p is not largest]
    return [
        {"params": others, "weight_decay": weight_decay},
        {"params": [largest, *rest], "weight_decay": 0.0},
    ]


@program(check="param_groups", code="outside")
def negative_decay(model, weight_decay):
    # weight decay is subtracted
    decay, rest = _split(model)
    return [{"params": decay, "weight_decay": -weight_decay}, {"params": rest, "weight_decay": 0.0}]


@program(check="param_groups", code="outside")
def decay_grows_with_depth(model, weight_decay):
    decay, rest = _split(model)
    groups = [{"params": [p], "weight_decay": weight_decay * (k + 1)} for k, p in enumerate(decay)]
    return [*groups, {"params": rest, "weight_decay": 0.0}]


@program(check="param_groups", code="outside")
def a_little_on_the_norms(model, weight_decay):
    # かなり弱くする
    decay, rest = _split(model)
    return [
        {"params": decay, "weight_decay": weight_decay},
        {"params": rest, "weight_decay": weight_decay / 10},
    ]


@program(check="block_order", code="outside")
def relu_conv_norm(c_in, c_out):
    from torch import nn

    return nn.Sequential(nn.ReLU(), nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out))


@program(check="block_order", code="outside")
def second_convolution_at_the_end(c_in, c_out):
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(c_out),
        nn.ReLU(),
        nn.Conv2d(c_out, c_out, 3, padding=1, bias=False),
    )


@program(check="block_order", code="outside")
def two_convolutions_in_a_row(c_in, c_out):
    from torch import nn

    layers = [nn.Conv2d(c, c_out, 3, padding=1, bias=False) for c in (c_in, c_out)]
    return nn.Sequential(*layers, nn.BatchNorm2d(c_out), nn.ReLU())


@program(check="block_order", code="outside")
def normalised_twice(c_in, c_out):
    from torch import nn

    norms = [nn.BatchNorm2d(c_out) for _ in range(2)]
    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), *norms, nn.ReLU())


@program(check="block_order", code="outside")
def channels_exchanged(c_in, c_out):
    from torch import nn

    return nn.Sequential(nn.Conv2d(c_out, c_in, 3, padding=1, bias=False), nn.BatchNorm2d(c_in), nn.ReLU())


@program(check="block_order", code="outside")
def dropout_in_the_middle(c_in, c_out):
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(c_out),
        nn.Dropout2d(0.2),
        nn.ReLU(),
    )


@program(check="block_order", code="outside")
def pooled_already(c_in, c_out):
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(c_out),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )
