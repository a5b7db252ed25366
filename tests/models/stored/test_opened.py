"""Is it said what was taken for granted of foreign weights, and only where nobody told it?"""

import pytest

from scaling.models.stored.opened import completed
from scaling.study import DiffusionSpec
from tests.study.families.tiny import TINY

DIT = TINY["dit"]
FLOW = DiffusionSpec(objective="flow")


def opened(spec=DIT, learned=None, process=None, no_null=False, guessed=False):
    return completed(spec, {}, ["a file"], learned, process, no_null, guessed)


def test_twice_the_channels_are_taken_for_ddpm_and_it_is_said():
    found = opened()
    assert DIT.learn_sigma and found.diffusion == DiffusionSpec()
    assert "assumed that they predict noise and sigma" in found.said[1]
    assert "say --objective flow" in found.said[1]


def test_what_may_be_either_is_left_open():
    found = opened(DIT.replaced(learn_sigma=False))
    assert found.diffusion is None and found.said == ("a file",)


@pytest.mark.parametrize("learned", ["flow", "sit"])
def test_what_a_person_says_comes_before_what_the_file_describes(learned):
    found = opened(learned=learned, process=DiffusionSpec())
    assert found.diffusion.objective == "flow"
    assert "a flow's velocity" in found.said[-1] and "assumed" not in " ".join(found.said)


def test_a_described_process_that_agrees_is_kept_with_its_details():
    process = DiffusionSpec(beta_schedule="scaled_linear")
    assert opened(learned="ddpm", process=process).diffusion == process
    assert opened(process=FLOW).diffusion == FLOW and opened(process=FLOW).said == ("a file",)


def test_a_table_without_no_class_is_told_and_its_dropout_is_none_at_all():
    assert "cannot be guided" in opened(no_null=True).said[-1]
    assert opened(no_null=True).label_dropout == 0.0
    assert opened().label_dropout is None


def test_a_guess_of_no_class_is_told_where_there_are_classes():
    assert "the last of 11 labels is taken for no class" in opened(guessed=True).said[-1]
    captions = {"captions": ("a fox",), "num_classes": 1, "encoder": "here"}
    text = TINY["pixart"].replaced(conditioning="text", **captions)
    assert opened(text, guessed=True).said == opened(text).said
