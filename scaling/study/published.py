"""Which parameters and Gflops did the DiT paper print? Its Table 4, to compare our counts with."""

import csv
import functools
from importlib.resources import files
from typing import NamedTuple

from scaling.study.families.dit import ModelSpec
from scaling.study.network import Network

RELATIVE_TOLERANCE = 1.5e-3  # XL/2 is 118.62 by matrix products; the table prints 118.64


class Published(NamedTuple):
    """One row of ``dit_configs.csv``.

    ``gmacs`` is the table's "Gflops", and ``gmacs_unit`` is the unit of its last digit.
    """

    model: str
    resolution: int  # pixels per image side; the latent has an eighth of that
    conditioning: str
    params_m: int
    gmacs: float
    gmacs_unit: float
    source: str

    @property
    def spec(self) -> ModelSpec:
        return ModelSpec.preset(self.model, self.resolution, conditioning=self.conditioning)

    def agrees(self, gmacs: float) -> bool:
        """Within 0.15 %, or within half a unit of the table's last digit if that is larger."""
        return abs(gmacs - self.gmacs) <= max(RELATIVE_TOLERANCE * self.gmacs, self.gmacs_unit / 2)


@functools.cache
def published() -> tuple[Published, ...]:
    """The 16 rows.

    S, B, L and XL at patch 8, 4 and 2; XL/2 at 512 px; XL/2 with the three other conditionings.
    """
    with files("scaling.study").joinpath("dit_configs.csv").open(newline="") as file:
        return tuple(
            Published(
                row["model"],
                int(row["resolution"]),
                row["conditioning"],
                int(row["params_m"]),
                float(row["gmacs"]),
                10.0 ** -len(row["gmacs"].partition(".")[2]),
                row["source"],
            )
            for row in csv.DictReader(file)
        )


def published_for(spec: Network) -> Published | None:
    """The row of exactly this model, or None."""
    return next((row for row in published() if row.spec == spec), None)
