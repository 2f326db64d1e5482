"""A checker that names the mistake: probes, twins, coefficients, verdicts. Chapter: gradient-checking.

    sandbox     one call of a learner's function, under a time limit, output kept
    contract    what came back: how many outputs, shapes, dtypes; what was changed
    probes      inputs on which a slip shows, new at every call
    diagnosis   exact twin, coefficients, a pair of twins, certain facts
    row         what the others need to know about an exercise
    specs       one row an exercise; specs_networks and specs_structure have the further ones
    checks      the object a learner calls; `bncourse.check` holds one for each row

A further exercise is one row in `specs`, with its probes and examples in `probes`. What is about images,
other norms, folding, merging, workers and numerical gradients stands in files called `…_networks`, what is
about optimiser groups and blocks in `structures`.
"""
