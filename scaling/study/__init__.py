"""What to ask: specs, families of networks, grids, costs and plans, without torch or Ray."""

from scaling.study.grid import distinct, grid, with_seeds
from scaling.study.load import load_study, study_names
from scaling.study.network import Network
from scaling.study.plan import Plan, PlannedTrial
from scaling.study.protocol import Ema, Protocol
from scaling.study.spec import (
    DataSpec,
    DiffusionSpec,
    EvaluationSpec,
    ModelSpec,
    TrainSpec,
    TrialSpec,
)
from scaling.study.study import Study

__all__ = [
    "DataSpec",
    "DiffusionSpec",
    "Ema",
    "EvaluationSpec",
    "ModelSpec",
    "Network",
    "Plan",
    "PlannedTrial",
    "Protocol",
    "Study",
    "TrainSpec",
    "TrialSpec",
    "distinct",
    "grid",
    "load_study",
    "study_names",
    "with_seeds",
]
