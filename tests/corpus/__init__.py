"""Programs as learners write them, right and wrong, each with the verdict it deserves.

They were written from the names of the mistakes alone, without a look at `bncourse.mistakes`: that is their
worth. A checker that knows its own twins shows little; one that names a stranger's slip shows what it is for.

To add a program, write a plain function at the top level of the file it belongs to, with the signature of
its check, and put above it

    @program(check="batchnorm_backward", code="backward.no-mean-path")

The code is one of `bncourse.mistakes.MISTAKES`, or None for a right answer, or "outside" for a wrong answer
that no code names. A program has one mistake, runs by itself, uses NumPy only (PyTorch, imported inside,
for groups and blocks) and is written as a learner would: names, loops, comments in any language, a helper
above or inside. Do not copy a twin, and do not look at it first. For running_stats it may be a class. A new
file also goes into the imports below.

Most programs show their mistake on any batch. These do not: `forward.axis-1-as-rows`, `forward.gamma-axis`,
`forward.beta-axis` and `forward.gamma-beta-axis` run only when N equals D, and their like for images
and groups only when C equals W, `folding.input-axis` when O equals I; `forward.one-pass` needs float32
far from zero, `forward.integer-truncation` an integer batch, `forward.in-place` a look at the input
afterwards. The right programs named float32 are right to its seven digits.
"""

from corpus import (  # noqa: F401  (importing a file registers its programs)
    outside,
    outside_backward,
    outside_folding,
    outside_group,
    outside_layer,
    outside_merging,
    outside_numerical,
    outside_spatial,
    outside_structure,
    outside_sync,
    right_backward,
    right_backward_ways,
    right_folding,
    right_forward,
    right_group,
    right_layer,
    right_merging,
    right_numerical,
    right_running,
    right_spatial,
    right_structure,
    right_sync,
    wrong_backward_params,
    wrong_backward_staged,
    wrong_backward_terms,
    wrong_backward_values,
    wrong_block_order,
    wrong_folding_bias,
    wrong_folding_weights,
    wrong_forward_affine,
    wrong_forward_axes,
    wrong_forward_variance,
    wrong_group_axes,
    wrong_group_backward_axes,
    wrong_group_backward_params,
    wrong_group_backward_terms,
    wrong_group_values,
    wrong_inference,
    wrong_layer,
    wrong_layer_axes,
    wrong_layer_backward_terms,
    wrong_layer_backward_values,
    wrong_layer_values,
    wrong_merging_variance,
    wrong_merging_weights,
    wrong_numerical_difference,
    wrong_numerical_entries,
    wrong_param_groups,
    wrong_running,
    wrong_spatial_axes,
    wrong_spatial_backward_axes,
    wrong_spatial_backward_params,
    wrong_spatial_backward_terms,
    wrong_spatial_reshape,
    wrong_spatial_values,
    wrong_sync_params,
    wrong_sync_sums,
)
from corpus.registry import PROGRAMS, Program, program

__all__ = ["PROGRAMS", "Program", "program"]
