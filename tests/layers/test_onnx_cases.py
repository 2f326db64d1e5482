"""The cases by which ONNX backends are tested: ours give the outputs that they state.

The wheel has the values of five BatchNorm models that PyTorch once wrote; those of single nodes it makes when
its modules are imported, from fixed seeds.
"""

import importlib
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper
from onnx.backend.test.case import node as onnx_nodes

from bncourse.layers import batch_norm, group_norm, instance_norm, layer_norm, normalise, rms_norm

TOLERANCE = 2e-5
MODELS = Path(onnx.__file__).parent / "backend" / "test" / "data" / "pytorch-converted"
# How many cases onnx 1.23 has; a later release may have more, but none may get lost.
COUNTS = {
    "BatchNormalization": 4,
    "GroupNormalization": 2,
    "InstanceNormalization": 2,
    "LayerNormalization": 19,
    "RMSNormalization": 19,
}
MODULES = (
    "batch_normalization",
    "groupnormalization",
    "instance_normalization",
    "layernormalization",
    "rmsnormalization",
)


def node_cases():
    """(name, node, inputs, outputs) of each case, without those that repeat it node by smaller node."""
    for module in MODULES:
        importlib.import_module(f"onnx.backend.test.case.node.{module}")
    for case in onnx_nodes._NodeTestCases:
        (node, *others) = case.model.graph.node
        if not others and node.op_type in COUNTS and "_expanded" not in case.name:
            ((inputs, outputs),) = case.data_sets
            yield case.name, node, inputs, outputs


CASES = sorted(node_cases(), key=lambda case: case[0])


def batch(x, scale, shift, mean, var, *, epsilon=1e-5, momentum=0.9, training_mode=0):
    new_weight, before = 1 - momentum, var.clone()
    y = batch_norm(x, mean, var, scale, shift, bool(training_mode), new_weight, epsilon)
    if not training_mode:
        return (y,)
    # ONNX remembers the biased variance, PyTorch the unbiased one: what was added, put on the other scale.
    n = x.numel() // x.shape[1]
    var = (1 - new_weight) * before + (var - (1 - new_weight) * before) * ((n - 1) / n)
    return y, mean, var


def group(x, scale, shift, *, num_groups, epsilon=1e-5):
    return (group_norm(x, num_groups, scale, shift, epsilon),)


def instance(x, scale, shift, *, epsilon=1e-5):
    return (instance_norm(x, weight=scale, bias=shift, eps=epsilon),)


def layer(x, scale, shift, *, axis=-1, epsilon=1e-5):
    _, mu, var = normalise(x, None, None, tuple(range(axis % x.dim(), x.dim())), eps=epsilon)
    return layer_norm(x, x.shape[axis:], scale, shift, epsilon), mu, (var + epsilon) ** -0.5


def rms(x, scale, *, axis=-1, epsilon=1e-5):
    return (rms_norm(x, x.shape[axis:], scale, epsilon),)


OURS = dict(zip(COUNTS, (batch, group, instance, layer, rms), strict=True))


@pytest.mark.parametrize(
    ("node", "inputs", "outputs"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_node(node, inputs, outputs):
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    results = OURS[node.op_type](*(torch.from_numpy(array.copy()) for array in inputs), **attributes)
    assert len(results) == len(outputs)
    for mine, stated in zip(results, outputs, strict=True):
        assert mine.shape == stated.shape
        np.testing.assert_allclose(mine.numpy(), stated, rtol=TOLERANCE, atol=TOLERANCE)


def tensor_of(proto):
    return torch.from_numpy(numpy_helper.to_array(proto).copy())


@pytest.mark.parametrize("folder", sorted(MODELS.glob("test_BatchNorm*")), ids=lambda path: path.name)
def test_model_with_stored_values(folder):
    graph = onnx.load(folder / "model.onnx").graph
    (node,) = graph.node
    stored = {
        tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer
    }
    scale, shift, mean, var = (stored[name] for name in node.input[1:])
    epsilon = next(a.f for a in node.attribute if a.name == "epsilon")
    data = folder / "test_data_set_0"
    x, stated = (tensor_of(onnx.load_tensor(data / name)) for name in ("input_0.pb", "output_0.pb"))
    y = batch_norm(x, mean, var, scale, shift, eps=epsilon)
    np.testing.assert_allclose(y, stated, rtol=TOLERANCE, atol=TOLERANCE)


def test_no_case_gets_lost(capsys):
    found = {op: sum(node.op_type == op for _, node, _, _ in CASES) for op in COUNTS}
    models = len(list(MODELS.glob("test_BatchNorm*")))
    with capsys.disabled():
        print(f"\nonnx {onnx.__version__}: cases {found}, models with stored values {models}")
    assert all(found[op] >= least for op, least in COUNTS.items()), found
    assert models >= 5
