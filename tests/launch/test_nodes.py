"""Is a node refused before anything runs that runs other code, or cannot write the results?"""

import pytest

from scaling.launch.installed import installed
from scaling.launch.nodes import check_folder, check_places

pytestmark = [pytest.mark.ray, pytest.mark.xdist_group("ray")]


def test_a_store_that_a_node_does_not_reach_is_refused_by_its_name(s3, bucket, connection):
    check_places("smoke", f"{bucket}/runs")
    with pytest.raises(ValueError, match=r"^node \S+: cannot write results at s3://no-such-b/a: "):
        check_places("smoke", "s3://no-such-b/a")


def test_a_folder_that_a_node_does_not_share_is_refused(tmp_path, connection):
    check_places("smoke", str(tmp_path / "results" / "runs"))
    assert not list(tmp_path.iterdir())  # no probe is left
    with pytest.raises(ValueError, match=r"^does not see \S+ as the sweep's machine does"):
        check_folder(str(tmp_path / "elsewhere" / ".probe-1"), "/results")


def test_a_node_without_room_for_a_trainings_checkpoints_is_refused(tmp_path, connection):
    check_places("smoke", str(tmp_path), room=1000)
    with pytest.raises(ValueError, match=r"^node \S+: the checkpoints of one training take .* GB"):
        check_places("smoke", str(tmp_path), room=10**18)


def test_a_node_of_another_version_is_refused_by_its_name(tmp_path, connection):
    asked = installed() | {"torch": "0.4.1"}
    with pytest.raises(ValueError, match=r"^node \S+: has torch \S+, and the .* 0\.4"):
        check_places("smoke", str(tmp_path), asked=asked)


def test_a_node_that_cannot_run_the_code_is_refused_by_its_name(tmp_path, connection, monkeypatch):
    class Asked(dict):  # which no worker can import
        def __reduce__(self):
            return exec, ("raise ModuleNotFoundError('no scaling')",)

    with pytest.raises(ValueError, match=r"^node \S+: cannot run this code \(.*no scaling"):
        check_places("smoke", str(tmp_path), asked=Asked(installed()))
