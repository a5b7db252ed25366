"""Is the condition of a network that reads a sequence one of classes or of text, and never half?"""

import pytest

from scaling.study import cost
from tests.study.families.tiny import TINY

TEXT = {"conditioning": "text", "captions": ("a fox", "a pot"), "num_classes": 2, "encoder": "here"}
every_reader = pytest.mark.parametrize("m", [TINY["sd3"], TINY["pixart"]], ids=["sd3", "pixart"])


@every_reader
def test_each_class_and_no_class_learn_a_sequence_and_text_learns_none(m):
    pooled = getattr(m, "pooled_width", 0)
    told = m.replaced(**TEXT)
    learned = (m.num_classes + 1) * (m.text_tokens * m.text_width + pooled)
    assert cost.params(m) - cost.params(told) == learned
    assert cost.forward_macs(m) == cost.forward_macs(told)
    assert (m.condition, told.condition) == ("classes", "text")
    assert told.name == f"{m.name} [text]"


@every_reader
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"captions": ("a fox",)}, "are of conditioning 'text', but it is 'classes'"),
        ({"encoder": "here"}, "are of conditioning 'text', but it is 'classes'"),
        ({**TEXT, "num_classes": 3}, "2 captions for 3 labels; give one for each"),
    ],
)
def test_half_a_condition_is_refused(m, fields, message):
    with pytest.raises(ValueError, match=message):
        m.replaced(**fields)


@every_reader
@pytest.mark.parametrize(("lacks", "word"), [("captions", "captions"), ("encoder", "encoder")])
def test_a_study_that_gives_no_text_is_told_before_it_trains(m, lacks, word):
    m.check_condition()
    with pytest.raises(ValueError, match=f"its study gives no {word}; set model.captions"):
        m.replaced(**{**TEXT, lacks: () if lacks == "captions" else None}).check_condition()


@every_reader
def test_a_debug_twin_needs_no_encoder(m):
    twin = m.replaced(**TEXT).debug_twin(channels=3, num_classes=5)
    assert (twin.condition, twin.captions, twin.num_classes, twin.channels) == ("classes", (), 5, 3)
    twin.check_condition()
