"""Is what is learned part of the identity, and is an objective that contradicts itself refused?"""

import pytest

from scaling.study.settings import with_settings

EPSILON, FLOW = (
    {"model.learn_sigma": False, "diffusion.objective": o} for o in ("epsilon", "flow")
)
LOGIT, MIN_SNR = ({"diffusion.weighting": w} for w in ("logit-normal", "min-snr"))


def test_what_is_learned_and_how_times_count_are_identity(tiny):
    specs = [
        tiny,
        *(
            with_settings(tiny, s)
            for s in (
                EPSILON,
                FLOW,
                LOGIT,
                FLOW | {"diffusion.time_scale": 1000.0},
                FLOW | LOGIT,
                MIN_SNR,
                MIN_SNR | {"diffusion.min_snr_gamma": 1.0},
                LOGIT | {"diffusion.logit_mean": 0.5},
                LOGIT | {"diffusion.logit_std": 0.5},
            )
        ),
    ]
    assert len({spec.train_id for spec in specs}) == len(specs)


@pytest.mark.parametrize(
    "setting, says",
    [
        (
            {"model.learn_sigma": False},
            "set model.learn_sigma=true, or diffusion.objective to epsilon or flow",
        ),
        (
            {"diffusion.objective": "flow"},
            "'flow' has no sigma, but model.learn_sigma is true; set model.learn_sigma=false",
        ),
        (FLOW | MIN_SNR, "a flow predicts velocity"),
        (FLOW | {"diffusion.timesteps": 500}, "timesteps 500 belongs to a diffusion"),
        ({"diffusion.min_snr_gamma": 1.0}, "belongs to min-snr"),
        ({"diffusion.logit_std": 2.0}, "belongs to logit-normal"),
        ({"diffusion.objective": ["flow"]}, "diffusion.objective: Input should be 'ddpm'"),
    ],
)
def test_objectives_that_contradict_themselves_are_refused(tiny, setting, says):
    with pytest.raises(ValueError, match=says) as error:
        with_settings(tiny, setting)
    assert "\n" not in str(error.value)
