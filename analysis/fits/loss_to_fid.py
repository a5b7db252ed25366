"""Which FID belongs to a predicted loss? log FID is a line in log loss, and the loss's own
uncertainty is carried through.

Two errors meet: of the loss that is put in, and of the map at that loss. Their variances add on log
axes, with the product of both slopes' errors; Student's factor has the fewer degrees of freedom of
the two.
"""

from dataclasses import dataclass

import numpy as np

from analysis.fits.distributions import t_quantile
from analysis.fits.linear import LEVEL, Interval, Linear, least_squares
from analysis.fits.points import Runs, need, need_spread

LEAST = 4


@dataclass(frozen=True)
class LossToFid:
    """FID = exp(c0 + c1 log loss), from models with both measured."""

    fit: Linear
    centre: float
    losses: tuple[float, float]  # range of the losses behind it

    @property
    def slope(self) -> float:
        return float(self.fit.coefficients[1])

    def fid(self, loss, log_error=0.0, dof: int | None = None) -> Interval:
        """FID at ``loss`` (m,), whose logarithm has standard error ``log_error`` (m,) known from
        ``dof`` degrees of freedom (None: exactly). The prediction interval is of one measured FID.
        """
        u = np.log(np.atleast_1d(np.asarray(loss, float))) - self.centre
        X = np.column_stack([np.ones_like(u), u])
        value = X @ self.fit.coefficients
        of_map = self.fit.scatter**2 * np.einsum("mp,pq,mq->m", X, self.fit.unscaled, X)
        of_loss = np.square(log_error) * (self.slope**2 + self.fit.errors[1] ** 2)
        t = t_quantile((1 + LEVEL) / 2, self.fit.dof if dof is None else min(dof, self.fit.dof))
        sure, new = (
            t * np.sqrt(of_map + of_loss),
            t * np.sqrt(of_map + of_loss + self.fit.scatter**2),
        )
        return Interval(
            *(np.exp(v) for v in (value, value - sure, value + sure, value - new, value + new))
        )

    def outside(self, loss: float) -> str:
        """A clause for the figure where ``loss`` is beyond the losses behind the map; "" where it
        is within.
        """
        low, high = self.losses
        if low <= loss <= high:
            return ""
        return (
            f"loss {loss:.4g} lies outside the losses the map was fitted to, {low:.4g} to "
            f"{high:.4g}"
        )


def fit(runs: Runs) -> LossToFid:
    """The map over ``runs`` with columns loss and fid, one row per model. ValueError below LEAST
    models.
    """
    need(len(runs), LEAST, "a map from loss to FID", "models")
    need_spread(runs, "loss", 3, "a map from loss to FID")
    log_loss = np.log(runs["loss"])
    centre = float(log_loss.mean())
    X = np.column_stack([np.ones(len(runs)), log_loss - centre])
    return LossToFid(
        least_squares(X, np.log(runs["fid"]), "a map from loss to FID"),
        centre,
        (float(runs["loss"].min()), float(runs["loss"].max())),
    )
