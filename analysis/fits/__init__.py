"""Fits laws to runs, with intervals and tests out of sample: pure numerics, a file per question.

``points`` the runs that may enter a fit; ``huber`` the optimiser; ``parametric`` approach 3 and
``projection`` where its search starts; ``envelope`` approach 1; ``isoflop`` approach 2 and
``budgets`` its groups of runs; ``curves`` power laws of one variable, with a floor and with
a break; ``repeats`` repeated images; ``fitted`` what all of these can be asked alike, and
``trust`` when they are to be believed; ``linear`` and ``fid_laws`` laws of FID; ``intervals`` how
sure; ``holdout`` out of sample; ``loss_to_fid`` from one
figure to the other.
"""
