"""Is training compute used better by larger models where they learn faster?"""

import math

from analysis.claims import HOLDS
from analysis.frames import evaluations_frame, trials_frame
from scaling.study.costs.cost import forward_gmacs
from tests.analysis.claims.asking import asked
from tests.analysis.synthetic_study import digits_like, write_study


def test_training_compute_where_larger_models_learn_faster(tmp_path):
    plan = digits_like(seeds=3)
    study = write_study(
        tmp_path,
        plan,
        noise=0.01,
        fid=lambda trial, step: (
            1e2
            * math.exp(
                -1.5 * math.log(forward_gmacs(trial.spec.model) * 1e6) - 0.3 * math.log(step)
            )
        ),
    )
    verdict = asked("training", trials_frame(study), evaluations=evaluations_frame(study))
    assert (verdict.verdict, len(verdict.parts)) == (HOLDS, 3)
    assert verdict.effect < 0
