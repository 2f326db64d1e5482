"""PyTorch's databases of operations and modules, with their sample inputs; loaded when first asked for."""

import functools
import os
import warnings

import torch


@functools.cache
def load():
    """(operations, modules). The import takes seconds and changes settings, which are put back."""
    before = dict(os.environ)
    with warnings.catch_warnings():
        from torch.testing._internal.common_methods_invocations import op_db
        from torch.testing._internal.common_modules import module_db
    os.environ.clear()
    os.environ.update(before)
    torch.backends.__allow_nonbracketed_mutation_flag = True  # else no later test may set a backend's flag
    return op_db, module_db


def operation(name):
    (found,) = (op for op in load()[0] if op.name == f"nn.functional.{name}" and not op.variant_test_name)
    return found


def module(cls):
    (found,) = (info for info in load()[1] if info.module_cls is cls)
    return found
