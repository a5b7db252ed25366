"""What will a plan take on N GPUs? GPU-hours of every trial, memory, disk, and who runs when."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from scaling.study.costs import cost, memory
from scaling.study.costs.measuring import decoder_gmacs, feature_gmacs
from scaling.study.network import LATENT_FACTOR, frames_of
from scaling.study.planning.devices import GpuType, peak_flops
from scaling.study.planning.pack import (
    EFFICIENCY,
    Placed,
    Task,
    hours_on,
    lower_bound,
    pack,
    widths,
)
from scaling.study.planning.plan import Plan, PlannedTrial, price, root
from scaling.study.planning.speed import LEAST_MFU, MFU, MOST_MFU, Speed

PART = 1000  # samples that are drawn together on one GPU
DEAREST = 3  # trials that are named where a plan is too dear

SpeedOf = Callable[[str], Speed]  # of a precision


@dataclass(frozen=True)
class PricedTrial:
    """A trial's own share: what trials before it in the plan train for it is theirs."""

    trial_id: str
    model: str
    forward_gmacs: float
    images: int
    train_flops: float
    sampling_flops: float
    decoder_flops: float
    feature_flops: float
    train_hours: float  # GPU-hours; several GPUs lose some to each other
    measure_hours: float  # GPU-hours
    gpu_hours: float  # both
    memory_gb: float | None  # of training, the batch over all its GPUs; null where not known
    gpus: int
    start_hours: float
    end_hours: float


@dataclass(frozen=True)
class Forecast:
    """A plan on ``gpus`` GPUs of one kind."""

    trials: tuple[PricedTrial, ...]
    gpus: int
    gpu_hours_interval: tuple[float, float]
    makespan_hours: float
    makespan_lower_bound_hours: float
    checkpoint_gb: float

    @property
    def gpu_hours(self) -> float:
        return sum(trial.gpu_hours for trial in self.trials)

    @property
    def images(self) -> int:
        return sum(trial.images for trial in self.trials)

    def to_json(self) -> dict[str, Any]:
        return {
            "trials": [asdict(trial) for trial in self.trials],
            "gpus": self.gpus,
            "gpu_hours": self.gpu_hours,
            "gpu_hours_interval": list(self.gpu_hours_interval),
            "makespan_hours": self.makespan_hours,
            "makespan_lower_bound_hours": self.makespan_lower_bound_hours,
            "images": self.images,
            "checkpoint_gb": self.checkpoint_gb,
        }

    def check_budget(self, budget: float) -> None:
        """ValueError for a plan of more GPU-hours than ``budget``; it names the dearest trials."""
        if self.gpu_hours > budget:
            dearest = sorted(self.trials, key=lambda trial: -trial.gpu_hours)[:DEAREST]
            raise ValueError(
                f"the plan takes {self.gpu_hours:.4g} GPU-hours, and --budget is {budget:g}; its "
                "dearest trials are "
                + ", ".join(f"{t.trial_id} ({t.gpu_hours:.3g})" for t in dearest)
                + "; leave some out, train for fewer steps, or measure less often"
            )


def at_mfu(gpu: GpuType, mfu: float) -> SpeedOf:
    """The speed of a GPU at a model FLOPs utilisation of ``mfu``, by precision."""
    if not 0 < mfu <= 1:
        raise ValueError(f"--mfu {mfu:g}; a utilisation lies in (0, 1], such as {MFU:g}")

    def speed(precision: str) -> Speed:
        peak = peak_flops(gpu.device, precision)
        assert peak is not None  # GPU_TYPES lists devices with a peak
        return Speed(train_flops_per_s=mfu * peak, sampling_flops_per_s=mfu * peak)

    return speed


def forecast(
    plan: Plan,
    gpus: int,
    speed: SpeedOf,
    interval: tuple[float, float] = (MFU / MOST_MFU, MFU / LEAST_MFU),
    efficiency: float = EFFICIENCY,
) -> Forecast:
    """Price ``plan`` and place it on ``gpus``. ``interval`` are factors of the GPU-hours between
    which the truth is expected.
    """
    groups = plan.runs()
    shares = {trial.trial_id: share for trial, *share in _shares(groups, speed)}
    tasks, first_of = [], {}
    for index, group in enumerate(groups):
        own = [shares[trial.trial_id] for trial in group]
        dearest = max(group, key=lambda trial: trial.spec.train.steps)
        protocol = dearest.spec.evaluate.protocol
        tasks.append(
            Task(
                hours=sum(share[0] for share in own),
                widths=widths(dearest.spec.train.batch, gpus),
                after=first_of.get(root(dearest)) if dearest.spec.trunk else None,
                measuring=sum(share[1] for share in own),
                checkpoints=max(1, len({step for t in group for step in t.eval_ids})),
                parts=max(1, protocol.samples // PART),
            )
        )
        first_of.setdefault(root(dearest), index)
    placed = pack(tasks, gpus, efficiency)
    places = {trial.trial_id: place for group, place in zip(groups, placed) for trial in group}
    trials = tuple(
        _priced(
            trial,
            *shares[trial.trial_id],
            place=places[trial.trial_id],
            efficiency=efficiency,
        )
        for trial in plan.trials
    )
    total = sum(trial.gpu_hours for trial in trials)
    return Forecast(
        trials=trials,
        gpus=gpus,
        gpu_hours_interval=(total * interval[0], total * interval[1]),
        makespan_hours=max(place.end for place in placed),
        makespan_lower_bound_hours=lower_bound(tasks, gpus, efficiency),
        checkpoint_gb=sum(
            memory.checkpoint_bytes({t.spec: t.spec.eval_steps for t in group}) for group in groups
        )
        / 1e9,
    )


def _shares(groups: list[list[PlannedTrial]], speed: SpeedOf):
    """Of each trial the hours of its training and of its evaluations, that nobody before it has
    paid for.
    """
    paid: dict[str, list[PlannedTrial]] = {}
    measured: set[str] = set()
    for group in groups:
        for trial in sorted(group, key=lambda t: -t.train_flops):
            spec, before = trial.spec, paid.setdefault(root(trial), [])
            flops = price([*before, trial]) - (price(before) if before else 0.0)
            before.append(trial)
            steps = round(flops / trial.train_flops * spec.train.steps)
            own = set(trial.eval_ids.values()) - measured
            measured |= own
            protocol = spec.evaluate.protocol
            training = speed(spec.train.precision).training_s(steps, flops)
            measuring = speed(protocol.precision).measuring_s(
                len(own), sum(measuring_flops(trial)) * len(own)
            )
            yield (
                trial,
                training / cost.SECONDS_PER_HOUR,
                measuring / cost.SECONDS_PER_HOUR,
                flops,
                len(own),
            )


def measuring_flops(trial: PlannedTrial) -> tuple[float, float, float]:
    """FLOPs of one evaluation: of sampling, of the decoder, of the features."""
    spec = trial.spec
    protocol = spec.evaluate.protocol
    if not protocol.metrics:
        return 0.0, 0.0, 0.0
    latents = LATENT_FACTOR if protocol.decoder else 1
    # a store of latents knows the size of its images, whatever its VAE's factor
    side = (protocol.decoder and spec.data.size) or spec.model.input_size * latents
    wide = (protocol.decoder and spec.data.width) or side
    each, frames = 2e9 * protocol.samples, frames_of(spec.model)
    return (
        cost.evaluation_flops(spec.model, spec.diffusion, protocol),
        each * frames * decoder_gmacs(protocol, side * wide),
        each * frames * feature_gmacs(protocol),
    )


def _priced(
    trial: PlannedTrial,
    train_hours: float,
    measure_hours: float,
    flops: float,
    evaluations: int,
    place: Placed,
    efficiency: float,
) -> PricedTrial:
    sampling, decoder, features = (evaluations * part for part in measuring_flops(trial))
    spec = trial.spec
    known = spec.model.layers() is not None
    train_hours *= place.gpus * hours_on(1.0, place.gpus, efficiency)
    return PricedTrial(
        trial_id=trial.trial_id,
        model=trial.model,
        forward_gmacs=trial.forward_gmacs,
        images=round(flops / trial.train_flops * trial.images),
        train_flops=flops,
        sampling_flops=sampling,
        decoder_flops=decoder,
        feature_flops=features,
        train_hours=train_hours,
        measure_hours=measure_hours,
        gpu_hours=train_hours + measure_hours,
        memory_gb=memory.training_memory(spec.model, spec.train.batch // place.gpus).peak / 1e9
        if known
        else None,
        gpus=place.gpus,
        start_hours=place.start,
        end_hours=place.end,
    )
