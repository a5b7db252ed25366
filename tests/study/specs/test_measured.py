"""Is each metric and each feature space that a protocol may name known to who measures it?"""

from typing import get_args

from scaling.evaluation.features.extractors import EXTRACTORS
from scaling.study.specs.measured import METRIC_NAMES, Features, Metric


def test_each_metric_has_a_name_to_print_and_one_more_comes_along():
    assert METRIC_NAMES.keys() - set(get_args(Metric)) == {"rfid"}
    assert set(get_args(Metric)) < METRIC_NAMES.keys()
    assert len(set(METRIC_NAMES.values())) == len(METRIC_NAMES)


def test_each_feature_space_has_its_extractor():
    assert set(get_args(Features)) == EXTRACTORS.keys()
