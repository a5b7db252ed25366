"""Which places of the cluster are held for nobody? Placement groups whose maker is gone."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import ray
from ray.core.generated import gcs_pb2
from ray.exceptions import RayError
from ray.util import remove_placement_group
from ray.util.placement_group import PlacementGroup

from scaling.records.repeated import repeated

Table: Any = gcs_pb2.PlacementGroupTableData  # type: ignore[attr-defined]  # made by protobuf
LOOK_S = 2.0
END_S = 10.0


@contextlib.contextmanager
def given_back() -> Iterator[None]:
    """While entered, what actors of this job held when they died is free again within seconds.

    Ray itself keeps a placement group until its maker and the whole job have ended. So where the
    controller of a training of several workers is gone, with its process or its node, its places
    would stay taken, and the training would wait for them as long as the sweep lasts. Ray Train's
    own answer, an actor beside each controller, asks the dashboard, which a cluster may lack.
    """
    # Where the GCS does not answer, the next look asks again; the watch ends the sweep. Where it is
    # gone, asking it takes a minute.
    passes = (RayError, RuntimeError)
    with repeated(give_back, LOOK_S, "left places", passes, END_S):
        yield


def give_back() -> list[str]:
    """Remove the placement groups of this job whose maker has died; returns their ids, in hex."""
    told = ray._private.state.state._connect_and_get_accessor().get_placement_group_table()
    groups = [Table.FromString(group) for group in told]
    left = left_of(groups, ray.get_runtime_context().get_job_id())
    for group in left:
        remove_placement_group(PlacementGroup(ray.PlacementGroupID(group.placement_group_id)))
    return [group.placement_group_id.hex() for group in left]


def left_of(groups: Iterable[Any], job_id: str) -> list[Any]:
    """Of Ray's ``groups`` (as Table) those that an actor of the job ``job_id``, in hex, made, which
    will not come back. What the driver or a task made has no actor, and Ray calls its actor dead
    from the start.
    """
    return [
        group
        for group in groups
        if group.creator_job_id.hex() == job_id
        and group.creator_actor_dead
        and not ray.ActorID(group.creator_actor_id).is_nil()
        and not group.is_detached
        and group.state != Table.REMOVED
    ]
