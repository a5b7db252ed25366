"""How should size and images share a budget? The three approaches of Hoffmann et al. (2022).

``envelope`` approach 1; ``isoflop`` approach 2 and ``budgets`` its groups of runs; ``parametric``
approach 3 and ``projection`` where its search starts; ``repeats`` approach 3 of repeated images.
"""
