"""Which laws can be fitted to runs, how sure are they, and do they hold out of sample? A file per
question.

``points`` who may enter a fit; ``huber`` the optimiser; ``parametric`` approach 3 and
``projection`` where its search starts; ``envelope`` approach 1; ``isoflop`` approach 2;
``agreement`` whether the three agree; ``curves`` power laws of one variable, with a floor and with
a break; ``repeats`` repeated images; ``linear`` and ``fid_laws`` laws of FID; ``intervals`` how
sure; ``holdout`` out of sample; ``choices`` what the exponent depends on; ``loss_to_fid`` from one
figure to the other.
"""
