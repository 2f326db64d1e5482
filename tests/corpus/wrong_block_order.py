"""Wrong blocks of convolution, norm and ReLU. They import PyTorch only when they are called."""

from collections import OrderedDict

from corpus.registry import program

# --- block-order.conv-bias


@program(check="block_order", code="block-order.conv-bias")
def bias_by_default(c_in, c_out):
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, padding=1),
        nn.BatchNorm2d(c_out),
        nn.ReLU(),
    )


@program(check="block_order", code="block-order.conv-bias")
def ordered_dict_with_bias(c_in, c_out):
    import torch.nn as nn

    layers = OrderedDict()
    layers["conv"] = nn.Conv2d(in_channels=c_in, out_channels=c_out, kernel_size=(3, 3), padding="same")
    layers["bn"] = nn.BatchNorm2d(num_features=c_out)
    layers["act"] = nn.ReLU(inplace=True)
    return nn.Sequential(layers)


@program(check="block_order", code="block-order.conv-bias")
def appended_bias_true(c_in, c_out, bias=True):
    from torch.nn import BatchNorm2d, Conv2d, ReLU, Sequential

    block = Sequential()
    block.append(Conv2d(c_in, c_out, 3, 1, 1, bias=bias))
    block.append(BatchNorm2d(c_out))
    block.append(ReLU())
    return block


# --- block-order.norm-last


@program(check="block_order", code="block-order.norm-last")
def conv_relu_norm(c_in, c_out):
    from torch import nn

    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(c_out))


@program(check="block_order", code="block-order.norm-last")
def conv_relu_norm_without_bias(c_in, c_out):
    from torch import nn

    conv = nn.Conv2d(c_in, c_out, kernel_size=3, padding=1, bias=False)
    block = [conv, nn.ReLU(inplace=True)]
    block += [nn.BatchNorm2d(c_out)]
    return nn.Sequential(*block)


@program(check="block_order", code="block-order.norm-last")
def norm_around_conv_and_relu(c_in, c_out):
    from torch import nn

    # Aktivierung gehört zur Faltung
    inner = nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.ReLU())
    return nn.Sequential(inner, nn.BatchNorm2d(c_out))


# --- block-order.norm-first


@program(check="block_order", code="block-order.norm-first")
def norm_conv_relu(c_in, c_out):
    from torch import nn

    return nn.Sequential(nn.BatchNorm2d(c_in), nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.ReLU())


@program(check="block_order", code="block-order.norm-first")
def normalise_the_input(c_in, c_out):
    import torch.nn as nn

    block = nn.Sequential()
    block.add_module("norm", nn.BatchNorm2d(c_in))  # 入力を正規化
    block.add_module("conv", nn.Conv2d(c_in, c_out, kernel_size=3, stride=1, padding=1))
    block.add_module("relu", nn.ReLU())
    return block


@program(check="block_order", code="block-order.norm-first")
def insert_at_zero(c_in, c_out):
    from torch import nn

    layers = [nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.ReLU(True)]
    layers.insert(0, nn.BatchNorm2d(c_in))
    return nn.Sequential(*layers)


# --- block-order.no-norm


@program(check="block_order", code="block-order.no-norm")
def conv_and_relu(c_in, c_out):
    from torch import nn

    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1), nn.ReLU())


@program(check="block_order", code="block-order.no-norm")
def norm_made_and_not_used(c_in, c_out):
    from torch import nn

    conv = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
    norm = nn.BatchNorm2d(c_out)
    assert norm.num_features == c_out
    return nn.Sequential(conv, nn.ReLU())


@program(check="block_order", code="block-order.no-norm")
def identity_in_its_place(c_in, c_out):
    from torch import nn

    norm_layer = nn.Identity  # default
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(c_in, c_out, 3, padding=1, bias=False),
            norm=norm_layer(c_out),
            relu=nn.ReLU(inplace=True),
        )
    )


# --- block-order.no-activation


@program(check="block_order", code="block-order.no-activation")
def conv_and_norm(c_in, c_out):
    from torch import nn

    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out))


@program(check="block_order", code="block-order.no-activation")
def relu_applied_elsewhere(c_in, c_out):
    import torch.nn as nn

    # F.relu kommt im forward
    bn = nn.BatchNorm2d(c_out)
    conv = nn.Conv2d(c_in, c_out, (3, 3), padding=(1, 1), bias=False)
    return nn.Sequential(OrderedDict([("conv", conv), ("bn", bn)]))


@program(check="block_order", code="block-order.no-activation")
def slice_drops_the_last(c_in, c_out):
    from torch import nn

    full = nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(c_out),
        nn.ReLU(),
    )
    return full[0:-1]
