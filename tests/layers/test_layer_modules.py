"""What makes a module stand in for PyTorch's: arguments, state, modes, copies, dtypes, memory, refusals."""

import copy
import inspect
import io
import itertools
import pickle
import warnings

import pytest
import torch
from beside import TOLERANCE, assert_refuse_alike, assert_same, copied, cotangent, outcome, pair, randomised
from torch import nn

import bncourse.layers
from bncourse.errors import ShapeError, StateError

# A constructor's arguments, and a shape that goes in.
LAYERS = {
    "BatchNorm1d": ((4,), (3, 4, 5)),
    "BatchNorm2d": ((4,), (3, 4, 5, 6)),
    "BatchNorm3d": ((4,), (3, 4, 2, 3, 2)),
    "InstanceNorm1d": ((4, 1e-5, 0.1, True, True), (3, 4, 5)),
    "InstanceNorm2d": ((4, 1e-5, 0.1, True, True), (3, 4, 5, 6)),
    "InstanceNorm3d": ((4, 1e-5, 0.1, True, True), (3, 4, 2, 3, 2)),
    "LayerNorm": (((5, 6),), (3, 4, 5, 6)),
    "GroupNorm": ((2, 4), (3, 4, 5, 6)),
    "RMSNorm": (((5, 6),), (3, 4, 5, 6)),
}
TRACKING = [name for name in LAYERS if name.startswith(("Batch", "Instance"))]
every_layer = pytest.mark.parametrize("name", LAYERS)


def drawn(shape, dtype=torch.float64, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def in_and_out(module, x):
    """Output, gradients of x and of the parameters, buffers."""
    leaf = x.detach().clone().requires_grad_()
    return outcome(module, [leaf], {}, also=[*module.parameters(), *module.buffers()])


def assert_alike(mine, theirs, x, tolerance=None):
    assert_same(in_and_out(mine, x), in_and_out(theirs, x), tolerance or TOLERANCE[x.dtype])


@every_layer
def test_is_a_module_of_pytorch_with_its_arguments_and_attributes(name):
    arguments, _ = LAYERS[name]
    mine, theirs = getattr(bncourse.layers, name)(*arguments), getattr(nn, name)(*arguments)
    assert isinstance(mine, getattr(nn, name))
    assert repr(mine) == repr(theirs)
    own = {"backward"} if name.startswith("Batch") else set()
    assert set(vars(mine)) - set(vars(theirs)) == own
    assert {key for key in vars(theirs) if key not in vars(mine)} == set()
    assert list(mine.state_dict()) == list(theirs.state_dict())
    options = set(inspect.signature(getattr(nn, name).__init__).parameters) - {"self"}
    named = {"device": "meta", "dtype": torch.float64} | ({"bias": False} if "bias" in options else {})
    mine, theirs = getattr(bncourse.layers, name)(*arguments, **named), getattr(nn, name)(*arguments, **named)
    for a, b in zip(mine.state_dict().items(), theirs.state_dict().items(), strict=True):
        assert (a[0], a[1].device, a[1].dtype, a[1].shape) == (b[0], b[1].device, b[1].dtype, b[1].shape)


@every_layer
def test_state_goes_both_ways(name):
    arguments, shape = LAYERS[name]
    x = drawn(shape)
    mine, theirs = (module.double() for module in pair(name, *arguments))  # loaded into ours
    for _ in range(2):
        assert_alike(mine, theirs, x)
    back = getattr(nn, name)(*arguments).double()
    back.load_state_dict(mine.state_dict())
    for each in (mine, theirs, back):
        each.eval()
    assert_alike(mine, theirs, x)
    assert_alike(mine, back, x)


@pytest.mark.parametrize("name", TRACKING)
def test_state_from_before_batches_were_counted(name):
    arguments, _ = LAYERS[name]
    old = randomised(getattr(nn, name)(*arguments)).state_dict()
    del old["num_batches_tracked"]
    old._metadata[""]["version"] = 1
    mine = getattr(bncourse.layers, name)(*arguments)
    mine.load_state_dict(old)
    assert mine.num_batches_tracked == 0
    assert torch.equal(mine.running_var, old["running_var"])
    with pytest.raises(RuntimeError, match=r"Missing key\(s\) in state_dict: \"running_mean\""):
        mine.load_state_dict({key: value for key, value in old.items() if key != "running_mean"})


def test_state_of_a_net_goes_through_a_file():
    theirs = nn.Sequential(nn.Conv2d(3, 4, 3), randomised(nn.BatchNorm2d(4)), nn.Flatten(), nn.LazyLinear(2))
    theirs(drawn((2, 3, 5, 5), torch.float32))
    file = io.BytesIO()
    torch.save(theirs.state_dict(), file)
    mine = copy.deepcopy(theirs)
    mine[1] = bncourse.layers.BatchNorm2d(4)
    mine.load_state_dict(torch.load(io.BytesIO(file.getvalue()), weights_only=True))
    assert_alike(mine, theirs, drawn((2, 3, 5, 5), torch.float32))


@every_layer
def test_copies_and_pickles_go_their_own_way(name):
    arguments, shape = LAYERS[name]
    module = randomised(getattr(bncourse.layers, name)(*arguments)).double()
    x, before = drawn(shape), copied(dict(module.state_dict()))
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert type(other) is type(module)
        other(x)
        assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())
    assert_alike(copy.deepcopy(module), pickle.loads(pickle.dumps(module)), x)


def test_the_way_back_is_kept_shown_and_checked():
    staged = bncourse.layers.BatchNorm2d(4, backward="staged")
    assert repr(staged).endswith("track_running_stats=True, backward=staged)")
    assert pickle.loads(pickle.dumps(staged)).backward == "staged"
    assert type(staged(drawn((2, 4, 3, 3), torch.float32)).grad_fn).__name__ == "StagedNormBackward"
    mine, theirs = bncourse.layers.BatchNorm2d(4, backward="staged"), nn.BatchNorm2d(4)
    assert_alike(mine.double(), theirs.double(), drawn((2, 4, 3, 3)))
    with pytest.raises(StateError, match="must hold: backward is one of simplified, staged; got: 'stagged'"):
        bncourse.layers.BatchNorm2d(4, backward="stagged")


@pytest.mark.parametrize("momentum", [0.1, 0.0, 1.0, None])
@pytest.mark.parametrize("name", [name for name in TRACKING if name.startswith("Batch")])
def test_running_statistics_over_batches_of_many_sizes(name, momentum):
    arguments, shape = LAYERS[name]
    mine, theirs = (m.double() for m in pair(name, *arguments, momentum=momentum))
    for step in range(5):
        assert_alike(mine, theirs, (step + 1) * drawn((step + 2, *shape[1:]), seed=step) + step)
    assert mine.num_batches_tracked == 5
    assert_alike(mine.eval(), theirs.eval(), drawn(shape))
    assert mine.num_batches_tracked == 5
    mine.reset_running_stats()
    assert mine.num_batches_tracked == 0


@pytest.mark.parametrize("track", [True, False])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", TRACKING)
def test_all_modes(name, training, affine, track):
    arguments = (4, 1e-3, 0.3, affine, track)
    mine, theirs = (m.double().train(training) for m in pair(name, *arguments))
    assert_alike(mine, theirs, drawn(LAYERS[name][1]))


def test_statistics_switched_off_or_taken_away_later():
    for change in ("off in training", "off in use", "taken away", "not counted"):
        modules = [m.double() for m in pair("BatchNorm2d", 4, momentum=None)]
        for module in modules:
            if change == "taken away":
                module.running_mean = module.running_var = None
            elif change == "not counted":
                module.num_batches_tracked = None
            else:
                module.track_running_stats = False
            module.train(change in ("off in training", "not counted"))
        assert_alike(*modules, drawn((3, 4, 5, 6)))


@every_layer
def test_an_empty_batch_leaves_no_trace(name):
    arguments, shape = LAYERS[name]
    mine, theirs = (m.double() for m in pair(name, *arguments))
    x = drawn((0, *shape[1:]))
    if name.startswith("Instance"):  # PyTorch's fails inside
        before = copied(dict(mine.state_dict()))
        assert mine(x).shape == x.shape
        assert torch.equal(mine.running_mean, before["running_mean"])
        assert torch.equal(mine.running_var, before["running_var"])
    else:
        assert_alike(mine, theirs, x)


@pytest.mark.parametrize("parameters", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("autocast", [True, False])
@every_layer
def test_short_dtypes_and_autocast(name, autocast, parameters):
    arguments, shape = LAYERS[name]
    mine, theirs = (m.to(parameters) for m in pair(name, *arguments))
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # PyTorch's RMSNorm warns of its own slower path
        assert_alike(mine, theirs, drawn(shape, torch.bfloat16))
        if parameters == torch.float32:
            assert_alike(mine, theirs, drawn(shape, torch.float32))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_eps_that_rms_norm_chooses_itself(dtype):
    x = (1e-3 * drawn((3, 4))).to(dtype)  # so small that eps has the last word
    theirs = nn.functional.rms_norm(x, (4,))
    torch.testing.assert_close(bncourse.layers.rms_norm(x, (4,)), theirs)


@pytest.mark.parametrize("device", ["cuda", "xpu"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
@every_layer
def test_autocast_on_other_devices_by_the_table_of_pytorch(name, dtype, device):
    """No such device is needed: the operation that PyTorch registers for autocast says what it does there."""
    native = {"B": "batch_norm", "I": "instance_norm", "L": "layer_norm", "G": "group_norm", "R": "rms_norm"}
    casts = torch._C._dispatch_has_kernel_for_dispatch_key(
        f"aten::{native[name[0]]}", {"cuda": "AutocastCUDA", "xpu": "AutocastXPU"}[device]
    )
    wide = casts and dtype != torch.float64
    function = bncourse.layers.functional._autocast if name[0] in "LGR" else lambda x, *rows: (x, list(rows))

    class There:  # a tensor on that device, as far as the question goes
        def __init__(self, dtype):
            self.device, self.dtype = torch.device(device), dtype

        def float(self):
            return There(torch.float32)

    torch.set_autocast_enabled(device, True)
    try:
        x, (row, none) = inspect.unwrap(function)(There(dtype), There(dtype), None)
    finally:
        torch.set_autocast_enabled(device, False)
    assert {x.dtype, row.dtype} == {torch.float32 if wide else dtype}
    assert none is None


LAYOUTS = {
    "usual": lambda x: x.contiguous(),
    "channels last": lambda x: x.contiguous(
        memory_format=torch.channels_last if x.dim() == 4 else torch.channels_last_3d
    ),
    "turned": lambda x: x.transpose(2, 3).contiguous().transpose(2, 3),
    "every other": lambda x: x.repeat_interleave(2, -1)[..., ::2],
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", [name for name, (_, shape) in LAYERS.items() if len(shape) > 3])
def test_memory_is_laid_out_as_by_pytorch(name, layout, training):
    arguments, shape = LAYERS[name]
    x = LAYOUTS[layout](drawn(shape))
    strides = []
    for module in (m.double().train(training) for m in pair(name, *arguments)):
        leaf = x.detach().requires_grad_()
        y = module(leaf)
        dy = cotangent(y)  # in the usual layout, or where dx follows dy (in use, RMS norm) in that of y
        dy = dy if training and name != "RMSNorm" else torch.empty_like(y).copy_(dy)
        strides.append((y.stride(), torch.autograd.grad(y, leaf, dy)[0].stride()))
    assert strides[0] == strides[1]
    assert_alike(*(m.double().train(training) for m in pair(name, *arguments)), x)


@pytest.mark.parametrize(
    ("name", "arguments", "shape"),
    [
        ("BatchNorm1d", (4,), (4,)),
        ("BatchNorm1d", (4,), (3, 4, 5, 6)),
        ("BatchNorm2d", (4,), (3, 4)),
        ("BatchNorm2d", (4,), (3, 4, 5)),
        ("BatchNorm3d", (4,), (3, 4, 5, 6)),
        ("BatchNorm2d", (4,), (3, 5, 2, 2)),
        ("BatchNorm2d", (4, 1e-5, 0.1, False), (3, 5, 2, 2)),
        ("BatchNorm2d", (4, 1e-5, 0.1, True, False), (3, 5, 2, 2)),
        ("BatchNorm1d", (4,), (1, 4)),
        ("BatchNorm2d", (4,), (1, 4, 1, 1)),
        ("BatchNorm2d", (4, 0.0), (3, 4, 2, 2)),
        ("InstanceNorm1d", (4,), (3, 4, 5, 6)),
        ("InstanceNorm2d", (4,), (3, 4)),
        ("InstanceNorm2d", (4,), (3, 4, 1, 1)),
        ("InstanceNorm2d", (4, 1e-5, 0.1, True), (3, 5, 2, 2)),
        ("LayerNorm", ((5, 6),), (3, 4, 6, 5)),
        ("LayerNorm", ((5, 6),), (6,)),
        ("GroupNorm", (2, 4), (3, 6, 2)),
        ("GroupNorm", (2, 4), (3, 5, 2)),
        ("GroupNorm", (2, 4), (4,)),
        ("GroupNorm", (4, 4), (1, 4)),
        ("GroupNorm", (3, 4), (1, 4)),
        ("RMSNorm", ((5, 6),), (3, 4, 6, 5)),
        ("RMSNorm", ((5, 6),), (6,)),
    ],
)
@pytest.mark.usefixtures("as_a_reader")
def test_shapes_are_refused_in_the_words_of_pytorch(name, arguments, shape):
    assert_refuse_alike(lambda of: getattr(of, name)(*arguments)(torch.ones(shape)), nn, bncourse.layers)


@pytest.mark.parametrize("dtype", [torch.float64, torch.int64, torch.complex64])
@pytest.mark.parametrize("name", [name for name in LAYERS if name != "RMSNorm"])
@pytest.mark.usefixtures("as_a_reader")
def test_dtypes_are_refused_in_the_words_of_pytorch(name, dtype):
    arguments, shape = LAYERS[name]
    assert_refuse_alike(
        lambda of: getattr(of, name)(*arguments)(torch.ones(shape, dtype=dtype)), nn, bncourse.layers
    )


@pytest.mark.usefixtures("as_a_reader")
def test_what_pytorch_takes_and_we_do_not_is_said():
    with pytest.raises(ShapeError) as refused:
        bncourse.layers.rms_norm(torch.ones(2, 3, dtype=torch.complex64), (3,))
    assert str(refused.value) == (
        "must hold: rms_norm is given real floating-point numbers, in shapes and dtypes that fit; "
        "got: shape (2, 3) and dtype torch.complex64; try: torch.nn.functional.rms_norm, which takes them"
    )


@pytest.mark.usefixtures("as_a_reader")
def test_without_statistics_there_is_no_use():
    x = torch.ones(3, 4)
    assert_refuse_alike(
        lambda of: of.batch_norm(x, None, None, training=False), nn.functional, bncourse.layers
    )


def test_functions_have_the_arguments_of_pytorch():
    for name in ("batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm"):
        mine = inspect.signature(inspect.unwrap(getattr(bncourse.layers, name))).parameters.values()
        theirs = inspect.signature(getattr(nn.functional, name)).parameters.values()
        assert [(p.name, p.default) for p in mine if p.name != "backward"] == [
            (p.name, p.default) for p in theirs
        ]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_on_cuda():
    for name, (arguments, shape) in LAYERS.items():
        mine, theirs = (module.cuda() for module in pair(name, *arguments))
        for dtype, autocast in itertools.product((torch.float32, torch.bfloat16), (False, True)):
            x = drawn(shape, dtype).cuda()
            results = []
            for module in (mine, theirs):
                leaf = x.detach().requires_grad_()
                with torch.autocast("cuda", torch.bfloat16, enabled=autocast):
                    y = module(leaf)
                results.append(
                    [y, torch.autograd.grad(y, leaf, cotangent(x.cpu()).to(y))[0], *module.buffers()]
                )
            for a, b in zip(*results, strict=True):
                torch.testing.assert_close(a, b, rtol=2e-2, atol=2e-2)
