"""Is a placement group whose maker is gone given back, and no other?"""

import time

import pytest
import ray
from ray.core.generated import gcs_pb2
from ray.util import placement_group, placement_group_table

from scaling.launch.supervise.left_places import LOOK_S, given_back, left_of

JOB, OTHER = b"\x01\x00\x00\x00", b"\x02\x00\x00\x00"
ACTOR, NOBODY = b"\x07" * 12 + JOB, b"\xff" * 16


def group(job=JOB, actor=ACTOR, dead=True, detached=False, state="CREATED"):
    return gcs_pb2.PlacementGroupTableData(
        creator_job_id=job,
        creator_actor_id=actor,
        creator_actor_dead=dead,
        is_detached=detached,
        state=gcs_pb2.PlacementGroupTableData.PlacementGroupState.Value(state),
    )


def test_only_what_a_dead_actor_of_the_job_made_is_left():
    left = [group(), group(state="PENDING")]
    held = [
        group(dead=False),
        group(actor=NOBODY),  # by the driver, as Tune's own
        group(job=OTHER),
        group(detached=True),
        group(state="REMOVED"),
    ]
    assert left_of([*left, *held], JOB.hex()) == left


class Maker:
    def make(self) -> str:
        made = placement_group([{"CPU": 0.01}])
        assert made.wait(60)
        return made.id.hex()


@pytest.mark.ray
@pytest.mark.xdist_group("ray")
def test_a_group_is_removed_once_its_maker_is_gone(shared_cluster):
    makers = [ray.remote(num_cpus=0)(Maker).remote() for _ in range(2)]
    gone, stays = ray.get([maker.make.remote() for maker in makers])

    def states() -> list[str]:
        table = placement_group_table()
        return [table[made]["state"] for made in (gone, stays)]

    with given_back():
        time.sleep(2 * LOOK_S)
        assert states() == ["CREATED", "CREATED"]
        ray.kill(makers[0])
        deadline = time.monotonic() + 60
        while states() != ["REMOVED", "CREATED"] and time.monotonic() < deadline:
            time.sleep(0.1)
        assert states() == ["REMOVED", "CREATED"]
    ray.kill(makers[1])
