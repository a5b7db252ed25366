"""Does every source have features of its own kind, which follow the data until some are named?"""

from scaling.evaluation.features.extractors import extractor_of
from scaling.study import EvaluationSpec, Protocol
from scaling.study.specs.usual_features import (
    OWN_FEATURES,
    following_data,
    named_features,
    usual_features,
)


def test_every_source_has_usual_features():
    known = {"digits", "mnist", "moving-digits", "fashion-mnist", "synthetic", "synthetic-pixels"}
    assert set(OWN_FEATURES) == known
    assert all(source in extractor_of(usual_features(source)).sources for source in known)
    assert usual_features("digits") == usual_features("mnist") == "digits-cnn"
    assert usual_features("fashion-mnist") == "fashion-cnn"
    assert usual_features("cifar10") == usual_features("folder") == "inception"


def test_features_that_nobody_named_follow_the_data_each_time_it_changes():
    first = EvaluationSpec(checkpoints=2, protocol=Protocol(samples=7))
    second = following_data(first, "fashion-mnist")
    assert second.protocol.features == "fashion-cnn" and not named_features(second.protocol)
    third = following_data(second, "cifar10")
    assert third.protocol.features == "inception" and third.protocol.samples == 7
    assert third.checkpoints == 2 and first.protocol.features == Protocol().features
    assert following_data(third, "imagenet") is third


def test_features_that_were_named_stay_though_they_are_the_usual_ones():
    named = EvaluationSpec(protocol=Protocol(features="digits-cnn"))
    assert named_features(named.protocol)
    assert following_data(named, "fashion-mnist") is named
