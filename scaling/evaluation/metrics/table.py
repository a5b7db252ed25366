"""What is each metric? What it needs of the samples, and how it compares them with real images.

Fréchet distances come from ``frechet``, their mean over feature spaces from ``fdr``, KID and CMMD
from ``mmd``, MIND from ``mind``, and Inception Score, precision and recall from torch-fidelity.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter

from torch import Tensor
from torch_fidelity.metric_isc import (
    KEY_METRIC_ISC_MEAN,
    KEY_METRIC_ISC_STD,
    isc_features_to_metric,
)
from torch_fidelity.metric_prc import (
    KEY_METRIC_PRECISION,
    KEY_METRIC_RECALL,
    prc_features_to_metric,
)

from scaling.evaluation.features.extractors import Layers, layers_of
from scaling.evaluation.images.reference import Reference
from scaling.evaluation.metrics import mmd
from scaling.evaluation.metrics.clips import span_fault, stacked
from scaling.evaluation.metrics.collect import HELD, INFLUENCE, Kept, Need
from scaling.evaluation.metrics.fdr import Space, fdr
from scaling.evaluation.metrics.frechet import (
    frechet_at_infinity,
    frechet_error,
    frechet_result,
)
from scaling.evaluation.metrics.mind import mind
from scaling.study.named import named
from scaling.study.specs.protocol import Protocol

KID_SUBSETS, KID_SUBSET = 50, 1000  # number of subsets; the most images in one
IS_SPLITS = 10
NEIGHBOURS = 3  # ADM's k
# rows of distances computed at a time; up to so many images all distances are held at once
PRC_BATCH, PRC_WHOLE = 2000, 10_000


@dataclass(frozen=True)
class Compared:
    """Samples and one reference, as features of one layer of an extractor, or of several.

    ``kept``, ``reference`` and ``layer`` are of the first, which all metrics but fdr compare alone.
    """

    spaces: tuple[Space, ...]
    count: int  # of samples
    protocol: Protocol
    shared: dict  # results that metrics of one reference share, such as precision and recall

    @property
    def kept(self) -> Kept:
        return self.spaces[0].kept

    @property
    def reference(self) -> Reference:
        return self.spaces[0].reference

    @property
    def layer(self) -> str:
        return self.spaces[0].layer

    def real(self, *most: int) -> Tensor:
        """Features (n, D) of the reference's images, at most so many."""
        return self.reference.rows(self.layer, *most)


def _fid(pair: Compared) -> dict:
    ours, real = pair.kept.gaussian, pair.reference.gaussian(pair.layer)
    return frechet_result(ours, real, pair.kept.rows, pair.kept.per)


def _clip_fd(pair: Compared) -> dict:
    frames = pair.reference.frames
    dimension = len(pair.kept.gaussian.mean) // frames
    if why := span_fault(frames, dimension, pair.count, pair.reference.count):
        return {"why": why}
    return _fid(pair)


def _fid_infinity(pair: Compared) -> dict:
    ours, real, halves = pair.kept.gaussian, pair.reference.gaussian(pair.layer), pair.kept.halves
    if halves is None or min(half.count for half in halves) <= len(ours.mean):
        return {
            "why": f"half of {ours.count} samples is no more than {len(ours.mean)} features: "
            "nothing to extrapolate from"
        }
    return {
        "value": frechet_at_infinity(halves, ours, real),
        "se": frechet_error(pair.kept.rows, ours, real, pair.kept.per),
    }


def _inception_score(pair: Compared) -> dict:
    if pair.count < IS_SPLITS:
        return {"why": f"{pair.count} samples cannot be split in {IS_SPLITS}"}
    score = isc_features_to_metric(pair.kept.rows, IS_SPLITS)
    spread = score[KEY_METRIC_ISC_STD]
    return {
        "value": score[KEY_METRIC_ISC_MEAN],
        "std": spread,
        "se": spread / math.sqrt(IS_SPLITS - 1),
    }


def _kid(pair: Compared) -> dict:
    ours, real = pair.kept.rows, pair.real()
    # Subsets as large as the smaller set would have no spread, and larger ones would fail.
    size = min(len(ours) // 2, len(real) // 2, KID_SUBSET)
    if size < 2:
        return {"why": f"{min(len(ours), len(real))} images are too few for subsets"}
    value, spread = mmd.kid(ours, real, KID_SUBSETS, size)
    return {
        "value": value,
        "std": spread,
        "se": mmd.mmd_error(ours, real, mmd.cubic, pair.count, pair.kept.per),
    }


def _cmmd(pair: Compared) -> dict:
    ours, real = pair.kept.rows, pair.real()
    error = mmd.mmd_error(mmd.unit(ours), mmd.unit(real), mmd.rbf, pair.count)
    return {"value": mmd.cmmd(ours, real), "se": mmd.SCALE * error}


def _fdr(pair: Compared) -> dict:
    return fdr(pair.spaces)


def _mind(pair: Compared) -> dict:
    value, error = mind(pair.kept.rows, pair.real())
    return {"value": value, "se": error}


def _manifold(pair: Compared) -> dict:
    """Precision and recall by torch-fidelity, or ``why`` there are none."""
    if "prc" not in pair.shared:
        ours, real = pair.kept.rows, pair.real(pair.protocol.manifold_images)
        fewest, most = min(len(ours), len(real)), max(len(ours), len(real))
        if fewest <= NEIGHBOURS:
            return {"why": f"{fewest} images have no {NEIGHBOURS} neighbours"}
        pair.shared["prc"] = prc_features_to_metric(
            ours,
            real,
            prc_neighborhood=NEIGHBOURS,
            prc_batch_size=PRC_BATCH,
            save_cpu_ram=most > PRC_WHOLE,
            verbose=False,
        )
    return pair.shared["prc"]


def _precision(pair: Compared) -> dict:
    values = _manifold(pair)
    if "why" in values:
        return values
    share = values[KEY_METRIC_PRECISION]
    return {"value": share, "se": math.sqrt(share * (1 - share) / len(pair.kept.rows))}


def _recall(pair: Compared) -> dict:
    values = _manifold(pair)
    # No binomial error: the samples span the manifold, so each moves many real images in or out.
    return values if "why" in values else {"value": values[KEY_METRIC_RECALL]}


@dataclass(frozen=True)
class Metric:
    """What a metric keeps of the samples, of which layer, and how it compares them."""

    need: Need
    compare: Callable[[Compared], dict]  # gives some of value, std, se, why and warning
    layer: Callable[[Layers], str | None] = attrgetter("features")
    of: frozenset[str] = frozenset({"images"})  # images, clips or both, of which it is over frames


EITHER, CLIPS = frozenset({"images", "clips"}), frozenset({"clips"})
METRICS: dict[str, Metric] = {
    "fid": Metric(Need(moments=True, rows=INFLUENCE), _fid, of=EITHER),
    "sfid": Metric(Need(moments=True, rows=INFLUENCE), _fid, attrgetter("spatial")),
    "fid_infinity": Metric(
        Need(moments=True, halves=True, rows=INFLUENCE), _fid_infinity, of=EITHER
    ),
    "kid": Metric(Need(rows=HELD), _kid, of=EITHER),
    "isc": Metric(Need(rows=None), _inception_score, attrgetter("scores")),
    "precision": Metric(Need(rows=HELD), _precision),
    "recall": Metric(Need(rows=HELD), _recall),
    "cmmd": Metric(Need(rows=HELD), _cmmd),
    "fdr": Metric(Need(moments=True, rows=INFLUENCE), _fdr),
    "mind": Metric(Need(rows=HELD), _mind),
    "clip_fd": Metric(
        Need(moments=True, rows=INFLUENCE), _clip_fd, lambda layers: stacked(layers.features), CLIPS
    ),
}


def metric_of(name: str) -> Metric:
    """The metric called ``name``; ValueError lists the known ones."""
    return named(METRICS, name, "metric")


def check_metric(name: str, frames: int, what: str) -> None:
    """ValueError where the metric ``name`` is not for ``what``, images or clips of ``frames``."""
    kind = "clips" if frames > 1 else "images"
    if kind not in metric_of(name).of:
        fit = ", ".join(other for other, metric in METRICS.items() if kind in metric.of)
        is_of = "clips" if kind == "images" else "single images"
        raise ValueError(f"{name} is of {is_of}, and {what} are {kind}; choose among {fit}")


def layer_of(metric: str, protocol: Protocol) -> tuple[str, str]:
    """The extractor and layer that a metric compares; of several, the first.

    ValueError if the protocol's features have no such layer.
    """
    return _layer(metric, protocol.features_of(metric))


def spaces_of(metric: str, protocol: Protocol) -> list[tuple[str, str]]:
    """Every extractor and layer that a metric compares. ValueError as ``layer_of``."""
    return [_layer(metric, extractor) for extractor in protocol.spaces_of(metric)]


def _layer(metric: str, extractor: str) -> tuple[str, str]:
    layer = metric_of(metric).layer(layers_of(extractor))
    if layer is None:
        raise ValueError(
            f"{metric} needs class scores, which {extractor!r} does not give; leave {metric} out "
            "of metrics, or set features to inception, efficientnet-lite0, digits-cnn or "
            "fashion-cnn"
        )
    return extractor, layer
