"""PyTorch's own sample inputs, of its functions and of its modules: ours give what PyTorch's give."""

import re

import pytest
import torch
from beside import TOLERANCE, assert_refuse_alike, assert_same, copied, outcome, pair
from databases import module, operation
from torch import nn
from torch.nn import functional as F

import bncourse.layers
from bncourse.errors import ShapeError

pytestmark = pytest.mark.slow  # the databases alone take seconds to load

FUNCTIONS = ("batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm")
MODULES = [name for name in bncourse.layers.__all__ if name.endswith(("Norm", "1d", "2d", "3d"))]
MODULES = [name for name in MODULES if hasattr(nn, name)]
DTYPES = {
    "functions": (torch.float64, torch.float32, torch.bfloat16, torch.float16),
    "modules": (torch.float64, torch.float32),
}

# How many cases PyTorch 2.13 has for each dtype; a later release may have more, but none may get lost.
CASES = {
    "batch_norm": 12,
    "layer_norm": 6,
    "group_norm": 21,
    "instance_norm": 9,
    "rms_norm": 6,
    "BatchNorm1d": 16,
    "BatchNorm2d": 14,
    "BatchNorm3d": 14,
    "LayerNorm": 7,
    "GroupNorm": 10,
    "InstanceNorm1d": 12,
    "InstanceNorm2d": 12,
    "InstanceNorm3d": 12,
    "RMSNorm": 6,
}
ERRORS = {
    "group_norm": 2,
    "rms_norm": 3,
    "BatchNorm1d": 4,
    "BatchNorm2d": 4,
    "BatchNorm3d": 4,
    "GroupNorm": 2,
}
# (name, shape of the input): how many cases a dtype, and why they are left out.
SKIPS = {
    ("batch_norm", (0,)): (2, "an input without a channel axis, which PyTorch lets pass when it is empty"),
}


def samples(name, dtype):
    """(arguments, named) of each call that the database of operations has for a function."""
    for sample in operation(name).sample_inputs("cpu", dtype, requires_grad=True):
        yield (sample.input, *sample.args), sample.kwargs


def skipped(name, arguments):
    return SKIPS.get((name, tuple(arguments[0].shape)))


def module_inputs(name, dtype, of="module_inputs_func"):
    """(training, input) of each case that the database of modules has for a class."""
    info = module(getattr(nn, name))
    for training in (True, False) if info.train_and_eval_differ else (True,):
        function = getattr(info, of)
        if function is not None:
            inputs = function(info, device="cpu", dtype=dtype, requires_grad=True, training=training)
            yield from ((training, each) for each in inputs)


@pytest.mark.parametrize("dtype", DTYPES["functions"], ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name, dtype):
    for arguments, named in samples(name, dtype):
        if not skipped(name, arguments):
            theirs = outcome(getattr(F, name), copied(arguments), copied(named))
            mine = outcome(getattr(bncourse.layers, name), copied(arguments), copied(named))
            assert_same(mine, theirs, TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", DTYPES["modules"], ids=str)
@pytest.mark.parametrize("name", MODULES)
@pytest.mark.filterwarnings("ignore:input's size at dim")  # by PyTorch's check of the input, which both run
def test_modules(name, dtype):
    for training, case in module_inputs(name, dtype):
        built = case.constructor_input
        mine, theirs = (m.to(dtype).train(training) for m in pair(name, *built.args, **built.kwargs))
        call = case.forward_input
        results = [
            outcome(m, copied(call.args), copied(call.kwargs), also=[*m.parameters(), *m.buffers()])
            for m in (mine, theirs)
        ]
        assert_same(*results, TOLERANCE[dtype])


@pytest.mark.usefixtures("as_a_reader")
@pytest.mark.parametrize("name", [name for name in ERRORS if name in FUNCTIONS])
def test_functions_refuse_in_the_words_of_pytorch(name):
    for case in operation(name).error_inputs("cpu"):
        sample = case.sample_input
        assert_refuse_alike(
            lambda of, sample=sample: getattr(of, name)(sample.input, *sample.args, **sample.kwargs),
            F,
            bncourse.layers,
        )


@pytest.mark.parametrize("name", [name for name in ERRORS if name in MODULES])
def test_modules_refuse_in_the_words_of_pytorch(name):
    for training, case in module_inputs(name, torch.float64, of="module_error_inputs_func"):
        built, call = case.module_error_input.constructor_input, case.module_error_input.forward_input

        def attempt(of, training=training, built=built, call=call):
            getattr(of, name)(*built.args, **built.kwargs).train(training)(*call.args, **call.kwargs)

        assert_refuse_alike(attempt, nn, bncourse.layers)


def test_no_case_gets_lost(capsys):
    dtype = torch.float64
    found = {name: len(list(samples(name, dtype))) for name in FUNCTIONS}
    found |= {name: len(list(module_inputs(name, dtype))) for name in MODULES}
    errors = {name: len(list(module_inputs(name, dtype, "module_error_inputs_func"))) for name in MODULES}
    with_errors = [name for name in FUNCTIONS if operation(name).error_inputs_func]
    errors |= {name: len(list(operation(name).error_inputs("cpu"))) for name in with_errors}
    left_out = {
        (name, shape): sum(tuple(arguments[0].shape) == shape for arguments, _ in samples(name, dtype))
        for name, shape in SKIPS
    }
    with capsys.disabled():
        print(f"\nPyTorch {torch.__version__}: cases of one dtype {found}, together {sum(found.values())};")
        print(f"  of errors {sum(errors.values())}; left out {sum(left_out.values())}:")
        for (name, shape), (_, reason) in SKIPS.items():
            print(f"  {name} of {shape}: {reason}")
    assert set(CASES) == set(found)
    assert all(found[name] >= least for name, least in CASES.items()), found
    assert all(errors[name] >= least for name, least in ERRORS.items()), errors
    assert left_out == {key: count for key, (count, _) in SKIPS.items()}


@pytest.mark.usefixtures("as_a_reader")
def test_what_is_left_out_is_refused():
    for key in SKIPS:
        for arguments, named in samples(key[0], torch.float64):
            if skipped(key[0], arguments):
                with pytest.raises(ShapeError, match=re.escape("must hold: batch_norm is given real")):
                    bncourse.layers.batch_norm(*arguments, **named)
