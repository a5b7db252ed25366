"""Is a metric refused where the features do not give what it needs?"""

import pytest
import torch

from scaling.evaluation.metrics.measure import measure
from scaling.study import DataSpec, Protocol


def test_scores_where_there_are_none():
    images = torch.zeros(4, 3, 12, 12, dtype=torch.uint8)
    with pytest.raises(ValueError, match="'vgg16' does not give"):
        measure(images, DataSpec(), Protocol(features="vgg16", metrics=("isc",)))
