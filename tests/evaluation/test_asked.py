"""Is a protocol read as a person types it, and a wrong one told with what would fit?"""

from pathlib import Path

import pytest
import torch

from scaling.evaluation.asked import checked_protocol, protocol_asked


def test_names_with_commas_are_a_list():
    assert checked_protocol({"metrics": "fid,kid"}).metrics == ("fid", "kid")
    assert checked_protocol({"metrics": "fid"}).metrics == ("fid",)
    assert checked_protocol({"metrics": ["fid"]}).metrics == ("fid",)


def test_an_unknown_field_names_the_nearest():
    with pytest.raises(ValueError, match="feature: there is no such field; there are features"):
        checked_protocol({"feature": "inception"})
    with pytest.raises(ValueError, match=r"steps: .*sampling_steps"):
        checked_protocol({"steps": 10})
    with pytest.raises(ValueError, match=r"metrics\.0: .*'fid'.* \(got 'FID'\)"):
        checked_protocol({"metrics": "FID"})


def test_one_image_is_no_set():
    with pytest.raises(ValueError, match="grid holds 1 image, which has no covariance; give more"):
        protocol_asked({}, Path("grid"), None, torch.zeros(1, 1, 8, 8, dtype=torch.uint8))
