"""What does each file of the ledger hold? A shape for each: its keys and their types.

Who writes a new key adds it here. A key that older files lack is ``NotRequired``; readers ask for
it with ``get``. A key that a reader must not overlook raises SCHEMA.
Evaluations have a file of their own, ``evaluation_shape``.
"""

from datetime import datetime
from typing import Annotated, Any, NotRequired

from pydantic import AfterValidator, Field, with_config
from typing_extensions import TypedDict

from scaling.records.parsed import STRICT, Digest, Shape, Version, Whole, held_to
from scaling.study.families import network_of
from scaling.study.network import Network
from scaling.study.planning.plan import SCHEMA as PLAN_SCHEMA
from scaling.study.planning.plan import Identity, Plan
from scaling.study.specs.data import DataSpec
from scaling.study.specs.diffusion import DiffusionSpec
from scaling.study.specs.training import TrainSpec

SCHEMA = 1  # of spec, state, record, evaluation files; a reader refuses a newer one
STATES = ("pending", "running", "completed", "diverged", "failed", "preempted", "stopped")
AGAIN = "the same sweep sets it aside and measures it again"


def _known(state: str) -> None:
    if state not in STATES:
        raise ValueError(f"is none of {', '.join(STATES)}")


def _network(fields: dict) -> None:
    if not isinstance(network_of(fields), Network):
        raise ValueError("describes no network")


def _time(text: str) -> None:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("says no time zone")


Time = Annotated[str, held_to(_time)]  # ISO 8601


@with_config(STRICT)
class State(TypedDict):
    """``state.json`` and ``evaluating/ID.json``: how a job stands, and its progress."""

    schema_version: NotRequired[Version]
    state: Annotated[str, held_to(_known)]
    why: str | None
    heartbeat: NotRequired[float]  # seconds since the epoch
    step: NotRequired[Whole]
    loss: NotRequired[float | None]
    heldout_loss: NotRequired[float | None]
    images_per_s: NotRequired[float | None]
    fid: NotRequired[float | None]  # of older records, as the next one
    evaluating: NotRequired[str | None]
    grad_norm: NotRequired[float | None]
    last_good_checkpoint: NotRequired[Whole | None]
    traceback: NotRequired[list[str]]
    ready: NotRequired[list[Whole]]
    session: NotRequired[str | None]
    pid: NotRequired[Annotated[int, Field(gt=0, lt=2**31)]]  # 0 would mean a group of processes
    host: NotRequired[str]
    last_seen: NotRequired[float | None]
    began: NotRequired[float]  # of this attempt at an evaluation, as heartbeat
    lost_s: NotRequired[float]  # seconds that earlier attempts took
    waits: NotRequired[dict[str, str]]  # of a sweep: what trainings wait for, by train_id


# what a state tells beside its name
TELLS = {"running": "heartbeat", "preempted": "heartbeat", "diverged": "step"}


def _tells(state: State) -> State:
    lacking = TELLS.get(state["state"])
    if lacking and lacking not in state:
        raise ValueError(f"{lacking} of a {state['state']} job is missing")
    return state


@with_config(STRICT)
class Described(TypedDict):
    """``spec.json``: what was trained."""

    schema_version: NotRequired[Version]
    train_id: Identity
    model: Annotated[dict[str, Any], held_to(_network)]
    data: Annotated[dict[str, Any], held_to(DataSpec.model_validate)]
    diffusion: Annotated[dict[str, Any], held_to(DiffusionSpec.model_validate)]
    train: Annotated[dict[str, Any], held_to(TrainSpec.model_validate)]


@with_config(STRICT)
class Provenance(TypedDict):
    """Which code measured, and on what."""

    code: str
    versions: dict[str, str]
    device: str
    cpu: str
    threads: Whole
    platform: str
    cpus: Whole | None


@with_config(STRICT)
class SessionEntry(TypedDict):
    """One process's work on a training."""

    started: Time
    ended: Time | None
    from_step: Whole | None
    to_step: Whole | None
    provenance: Provenance
    execution: NotRequired[dict[str, Any]]
    devices: NotRequired[float]  # GPUs, or workers on CPUs, that are this session's own
    out_of_memory: NotRequired[list[dict[str, Any]]]
    diverged: NotRequired[dict[str, Any] | None]
    last_seen: NotRequired[Time]  # of a process that was killed
    stopped: NotRequired[str]  # why it was ended before its last step


@with_config(STRICT)
class Count(TypedDict):
    """What fvcore counted of the network."""

    params_m: NotRequired[float]
    forward_gmacs: NotRequired[float]


@with_config(STRICT)
class Record(TypedDict):
    """``record.json``: the measurements of a training so far, and who made them."""

    schema_version: NotRequired[Version]
    train_id: NotRequired[Identity]
    model: NotRequired[str]
    seed: NotRequired[int]
    count: Count | None
    step: NotRequired[Whole]
    train_wall_s: NotRequired[float | None]
    classes: NotRequired[list[str] | None]  # names in order of label, where the data has any
    lines: NotRequired[Whole]  # logged steps that the curve is to hold
    evaluated_steps: NotRequired[list[Whole]]
    sessions: list[SessionEntry]


@with_config(STRICT)
class Line(TypedDict):
    """A line of ``curve.jsonl``."""

    step: Whole
    images: Whole
    loss: float | None
    images_per_s: float | None
    train_wall_s: float
    lr: NotRequired[float | None]
    grad_norm: NotRequired[float | None]
    heldout_loss: NotRequired[float | None]
    heldout_mse: NotRequired[float | None]
    heldout_bins: NotRequired[list[float | None] | None]
    heldout_ema: NotRequired[str | None]
    mfu: NotRequired[float | None]


@with_config(STRICT)
class Manifest(TypedDict):
    """``manifest.json`` of a checkpoint."""

    step: Whole
    train_wall_s: float
    emas: list[str]
    sha256: dict[str, Digest]
    lines: NotRequired[Whole | None]  # logged up to this step


STATE: Shape[State] = Shape(Annotated[State, AfterValidator(_tells)], AGAIN, SCHEMA)
SPEC: Shape[Described] = Shape(
    Described, "the same sweep sets it aside and writes it again", SCHEMA
)
RECORD: Shape[Record] = Shape(Record, "the same sweep sets it aside", SCHEMA)
LINE: Shape[Line] = Shape(Line, "the same sweep sets the curve aside and keeps its whole lines")
MANIFEST: Shape[Manifest] = Shape(Manifest, "take an older step")
PLAN: Shape[Plan] = Shape(
    Plan,
    "scaling sweep of that study sets it aside and writes it again",
    PLAN_SCHEMA,
    most=1 << 30,  # two thousand bytes a trial
)
