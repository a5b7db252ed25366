"""Studies whose FID falls as a test says."""

from analysis.frames import evaluations_frame
from tests.analysis.synthetic_study import SIZES, digits_like, write_study


def falling(start: float, power: float):
    """FID = start (step / 100)^-power, whatever the model."""
    return lambda trial, step: start * (step / 100) ** -power


def rows_of(tmp_path, fid, noise=0.0, seeds=1, **axes):
    plan = digits_like(axes or {"size": SIZES[:1]}, seeds=seeds, name="quality")
    study = write_study(tmp_path, plan, noise=noise, fid=fid)
    return study, evaluations_frame(study)
