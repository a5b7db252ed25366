"""Fits laws to runs, with intervals and tests out of sample: pure numerics, a file per question.

``points`` the runs that may enter a fit; ``huber`` the optimiser; ``fitted`` what every law can be
asked alike; ``intervals`` how sure it is, from ``simulation``; ``holdout`` out of sample; ``trust``
when it is to be believed. Laws: ``approaches`` of size and images, approaches 1 to 3; ``curves`` of
one variable, with a floor and with a break; ``linear`` and ``fid_laws`` of FID, chosen by
``fid_choice``; ``loss_to_fid`` from loss to FID. Where an optimum is looked for: ``..._search``.
"""
