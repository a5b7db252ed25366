"""Which figure of the paper is drawn by which function? From frames to matplotlib Figures, one
function each.

====================  ====================================  ==============================
DiT paper             function                              of published data
====================  ====================================  ==============================
2, bubbles            ``compute.bubbles.fid_bubbles``       ``published.bubbles``
5, block designs      ``designs.fid_by_conditioning``       ``published.block_designs``
6, FID over training  ``training.fid_vs_steps``,            not tabulated
                      ``training.fid_vs_steps_by_size``
7, samples            ``sample_grid.sample_grid``
8, Gflops and FID     ``compute.gflops.fid_vs_gflops``      ``published.fid_vs_gflops``
9, training compute   ``training.fid_vs_train_flops``       not tabulated
10, sampling compute  ``compute.sampling``                  ``published.sampling_compute``
12, other metrics     ``compute.metrics``                   not tabulated
13, loss              ``training.loss_vs_steps``,           not tabulated
                      ``training.heldout_vs_steps``
====================  ====================================  ==============================

Beyond the paper: ``rates.heldout_vs_lr``, ``guidance.metrics_vs_guidance``, and in ``laws`` isoFLOP
profiles, laws with bands, and their audit. A figure has a colour per series and a marker per rung,
and says how its values were measured: what all share is in ``drawing``. What enters a fit is
decided outside this folder.
"""
