"""Is it known beforehand which checkpoints a training is to leave, and with which averages?"""

from scaling.launch.trials.trial import what_is_wanted
from scaling.records import Run
from scaling.study.settings import with_settings
from tests.written import evaluation


def cooldown(tiny, steps):
    return with_settings(
        tiny, {"train.schedule": "wsd", "train.cooldown": 0.25, "train.steps": steps}
    )


def test_every_step_to_be_measured_needs_the_averages_that_are_asked_of_it(tmp_path, tiny):
    other = with_settings(tiny, {"evaluate.ema.length": 0.1, "evaluate.checkpoints": 1})
    wanted = what_is_wanted([tiny, other], [], Run(tmp_path))
    assert wanted.averages.keys() == {6, 12} and wanted.averages[6] == ["ema-power-0.05"]
    assert set(wanted.averages[12]) == {"ema-power-0.05", "ema-power-0.1"}
    assert set(wanted.emas) == {tiny.evaluate.ema, other.evaluate.ema}
    assert wanted.keep == {6, 12}


def test_what_was_measured_is_kept_and_not_wanted_again(tmp_path, tiny):
    run = Run(tmp_path)
    for step in tiny.eval_steps:
        run.write_evaluation(tiny.eval_id(step), evaluation(tiny, step))
    longer = with_settings(tiny, {"train.steps": 20, "evaluate.checkpoints": 1})
    wanted = what_is_wanted([longer], [], run)
    assert wanted.averages.keys() == {20} and wanted.keep == {6, 12, 20}
    assert not what_is_wanted([tiny], [], run).averages


def test_a_trunk_keeps_where_cooldowns_begin_and_a_cooldown_keeps_its_own(tmp_path, tiny):
    cooldowns = [
        with_settings(cooldown(tiny, 8), {"evaluate.ema.length": 0.1}),
        cooldown(tiny, 20),
    ]
    wanted = what_is_wanted([tiny], cooldowns, Run(tmp_path))
    assert wanted.keep == {6, 12, 15}
    assert wanted.emas == [tiny.evaluate.ema, cooldowns[0].evaluate.ema]
    alone = what_is_wanted(cooldowns[1:], cooldowns, Run(tmp_path))
    assert alone.keep == {20} and alone.emas == [tiny.evaluate.ema]
