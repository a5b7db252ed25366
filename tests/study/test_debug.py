"""Is a study at debug scale the same question, small, on data that needs no download?"""

import pytest

from scaling.study import cost, load_study
from tests.study.test_experiments import STUDIES


@pytest.mark.parametrize("name", STUDIES)
def test_debug_scale_keeps_the_shape_of_the_question(name):
    study, small = load_study(name), load_study(name).with_settings({"scale": "debug"})
    assert small.name == f"{name}_debug" and len(small.all_trials) == len(study.all_trials)
    for full, debug in zip(study.trials, small.trials):
        for field in ("patch", "input_size", "conditioning", "learn_sigma"):
            assert getattr(debug.model, field) == getattr(full.model, field)
        assert (
            debug.diffusion == full.diffusion
            and debug.evaluate.protocol.sampler == full.evaluate.protocol.sampler
        )
        assert debug.model.channels == full.model.channels and cost.forward_gmacs(debug.model) < 1.0
        latent = full.data.source == "latents"
        assert debug.data.source == ("synthetic" if latent else "synthetic-pixels")
        assert debug.evaluate.protocol.decoder == ("synthetic" if latent else None)


def test_settings_reach_a_study_at_debug_scale_and_no_other_scale_is_known():
    study = load_study("long_run").with_settings({"scale": "debug", "train.steps": 7})
    assert {t.train.steps for t in study.trials} == {7}
    with pytest.raises(ValueError, match="has no scale 'tiny'; it has debug"):
        study.with_settings({"scale": "tiny"})
