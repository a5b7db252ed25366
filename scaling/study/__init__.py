"""What to ask: specs, families of networks, grids, costs and plans, without torch or Ray."""

from scaling.study.costs import cost, layers
from scaling.study.grid import distinct, grid, with_seeds
from scaling.study.isoflop import isoflop
from scaling.study.load import load_study, study_names
from scaling.study.network import Network
from scaling.study.planning.plan import Plan, PlannedTrial
from scaling.study.specs.ema import Ema
from scaling.study.specs.protocol import Protocol
from scaling.study.specs.trial import (
    DataSpec,
    DiffusionSpec,
    EvaluationSpec,
    ModelSpec,
    TrainSpec,
    TrialSpec,
)
from scaling.study.study import Study
from scaling.study.time_shift import dimension_shift

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
    "cost",
    "dimension_shift",
    "distinct",
    "grid",
    "isoflop",
    "layers",
    "load_study",
    "study_names",
    "with_seeds",
]
