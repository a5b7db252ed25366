"""What do the fitted laws say, how certain are they, and where were they wrong?"""

from analysis.figures.laws.exponent_choices import exponent_choices
from analysis.figures.laws.fid_law import audit_text, fid_law
from analysis.figures.laws.isoflop import isoflop_profiles
from analysis.figures.laws.loss_law import loss_law

__all__ = ["audit_text", "exponent_choices", "fid_law", "isoflop_profiles", "loss_law"]
