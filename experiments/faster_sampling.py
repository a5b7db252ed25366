"""Do samplers with fewer steps rank the digits models as 100 ancestral steps do?

    python -m scaling.sweep faster_sampling

The trainings are those of `digits`, by identity, measured at their end in five ways: 12 models x 3
seeds. Beside `digits` it costs some minutes on 2 cores, most of them for the 100 steps.

Declared before the run: they rank alike, whatever their FIDs.

Found (records in results/reference/faster_sampling): the rank correlation over the 12 models is
0.98 for DDIM in 25 and in 15 steps and for DPM-Solver++ in 12, and 1 for DDPM in 50. One pair
changes places in the first three: d2w16/4 and d3w64/8, whose FIDs differ between seeds by a factor
of 1.4 and 1.8. FIDs differ: at most by 17 % of DDPM-100 for models below FID 12 with DDIM in 25
steps, by a third for d2w16/4. DDIM in 25 steps took a fifth of the time of DDPM in 100. So `digits`
is measured by DDIM in 25 steps; its FIDs are not those of DDPM in 100.
"""

from experiments.digits import TRIALS
from scaling.study import Study
from scaling.study.settings import with_settings

WAYS = (("ddpm", 100), ("ddim", 25), ("ddim", 15), ("ddpm", 50), ("dpm++", 12))

STUDY = Study(
    name="faster_sampling",
    question="Do samplers with fewer steps rank the digits models as 100 ancestral steps do?",
    expectation="They rank alike, whatever their FIDs.",
    seeds=3,
    trials=tuple(
        with_settings(
            trial,
            {
                "evaluate.checkpoints": 1,
                "evaluate.protocol.sampler": sampler,
                "evaluate.protocol.sampling_steps": steps,
            },
        )
        for trial in TRIALS
        for sampler, steps in WAYS
    ),
    nuisance={"everything but the sampler": "shared: the same trainings and the same labels"},
)
