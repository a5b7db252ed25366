"""What will a training that has not run measure? One forecast for whoever asks, with its record."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from analysis.fits.distributions import t_quantile
from analysis.fits.linear import LEVEL, Z
from analysis.forecasting.forecast import Forecast, NoiseDeviations, forecast
from analysis.forecasting.noise import noise_between_seeds
from scaling.records.status import optional_fields
from scaling.study.costs.cost import params_m
from scaling.study.families import Network

LEAST_PLACES = 3  # measured checkpoints behind a forecast


@dataclass(frozen=True)
class HeldOutRung:
    """A rung forecast from the smaller ones at the end of its trainings: one error per model."""

    rung: str
    models: tuple[str, ...]
    log_errors: np.ndarray  # log forecast - log measured, mean over seeds (m,)
    deviations: np.ndarray  # that the forecast expected of it (m,)
    law: str  # of most weight

    @property
    def rms(self) -> float:
        return math.sqrt(float(np.mean(self.log_errors**2)))

    @property
    def inside(self) -> int:
        """How many lay in the 95 % interval, as it was before any widening."""
        return int(np.sum(np.abs(self.log_errors) <= Z * self.deviations))


@dataclass(frozen=True)
class BackTested:
    """A forecast's rows, noise, and how it did on every rung but the smallest."""

    rows: pl.DataFrame
    noise: NoiseDeviations
    held_out: tuple[HeldOutRung, ...]

    @property
    def widening(self) -> float:
        """Times the forecast's own deviation: root mean square of the errors found in units of
        those expected, over all rungs or of the largest, whichever is more, 1 or more. It holds
        what the declared forms all got wrong. A mean over rungs alone would hide a bend: the first
        rungs, forecast from one size or on its near side, expect much or see nothing of it.
        """
        each = [float(np.mean((rung.log_errors / rung.deviations) ** 2)) for rung in self.held_out]
        return math.sqrt(max(1.0, float(np.mean(each)), each[-1])) if each else 1.0

    def at(self, places: np.ndarray, runs: Sequence[str], origin: np.ndarray) -> Forecast:
        """log FID at ``places`` (m, 3), axes of ``axes_of`` less ``origin``, of trainings
        ``runs``.
        """
        return _forecast(self.rows, places, runs, origin, self.noise)

    def width(self, variance: float) -> float:
        """Of the 95 % prediction interval of log FID, of a forecast's ``variance``: Student's, for
        a luck that few trainings tell may be that small by luck.
        """
        quantile = float(t_quantile((1 + LEVEL) / 2, self.noise.dof))
        return 2 * quantile * self.widening * math.sqrt(variance + self.noise.sampling**2)

    def interval(self, network: Network, images: int) -> tuple[float, float, float, Forecast]:
        """FID of one training of ``network`` on ``images``, its 95 % prediction interval, and the
        forecast.
        """
        forecast_there = self.at(np.zeros((1, 3)), ["the target"], axes_of(network, images))
        mean, half = (
            float(forecast_there.mean[0]),
            self.width(float(forecast_there.covariance[0, 0])) / 2,
        )
        return math.exp(mean), math.exp(mean - half), math.exp(mean + half), forecast_there


def back_tested(rows: pl.DataFrame) -> BackTested:
    """Of measured checkpoints ``rows`` of one recipe. ValueError where there are fewer than
    LEAST_PLACES, or one has no logarithm.
    """
    improper = rows.filter(~(pl.col("value") > 0))
    if len(improper):
        raise ValueError(
            f"{improper['trial_id'][0]} has FID {improper['value'][0]:g} at step "
            f"{improper['step'][0]}, which has no logarithm; measure it again"
        )
    if len(rows) < LEAST_PLACES:
        raise ValueError(
            f"a forecast needs {LEAST_PLACES} measured checkpoints or more, found {len(rows)}"
        )
    noise = noise_between_seeds(rows)
    order = rows.group_by("rung").agg(pl.col("params_m").mean()).sort("params_m")["rung"].to_list()
    held_out = []
    for i, rung in enumerate(order[1:], 1):
        below = rows.filter(pl.col("rung").is_in(order[:i]))
        if len(below) >= LEAST_PLACES:
            held_out.append(_held_out_rung(below, rows.filter(pl.col("rung") == rung), rung, noise))
    return BackTested(rows, noise, tuple(held_out))


def weights_of(forecasted: Forecast) -> dict[str, float]:
    """The posterior weight of each law, over its misfits."""
    weights: dict[str, float] = {}
    for (law, _), weight in forecasted.weights.items():
        weights[law] = weights.get(law, 0.0) + weight
    return weights


def axes_of(network: Network, images: int) -> np.ndarray:
    """log N, log T, log D (3,). A family without tokens has one, so that their axis is silent."""
    return np.log([params_m(network), optional_fields(network)["tokens"] or 1, images])


def _axes(rows: pl.DataFrame) -> np.ndarray:
    columns = rows.select("params_m", pl.col("tokens").fill_null(1), "images")
    return np.log(columns.cast(pl.Float64).to_numpy())


def _held_out_rung(
    below: pl.DataFrame, rung: pl.DataFrame, name: str, noise: NoiseDeviations
) -> HeldOutRung:
    last = rung.filter(pl.col("step") == pl.col("step").max().over("model"))
    models = last.group_by("model", maintain_order=True).agg(
        pl.col("params_m", "tokens", "images").first(),
        log=pl.col("value").log().mean(),
        seeds=pl.len(),
    )
    places = _axes(models)
    origin = places.mean(0)
    predicted = _forecast(below, places - origin, models["model"].to_list(), origin, noise)
    # of the mean over seeds: of each training's own luck and samples the share
    own = noise.luck**2 + noise.sampling**2
    seeds = models["seeds"].to_numpy()
    variance = np.diag(predicted.covariance) - noise.luck**2 + own / seeds
    return HeldOutRung(
        name,
        tuple(models["model"]),
        predicted.mean - models["log"].to_numpy(),
        np.sqrt(variance),
        max(predicted.weights, key=lambda pair: predicted.weights[pair])[0],
    )


def _forecast(rows, places, runs, origin, noise) -> Forecast:
    return forecast(
        _axes(rows) - origin,
        rows["train_id"].to_numpy(),
        rows["value"].log().to_numpy(),
        places,
        np.array(runs),
        noise,
    )
