"""Which parameters and Gflops were printed? DiT's Table 4 and others', to compare counts with."""

import csv
import functools
from importlib.resources import files
from typing import NamedTuple

from scaling.study.families import named_network
from scaling.study.network import Network

RELATIVE_TOLERANCE = 1.5e-3  # XL/2 is 118.62 by matrix products; the table prints 118.64


class Published(NamedTuple):
    """One row of ``dit_configs.csv`` and its like; None where nothing was printed.

    ``gmacs`` is the table's "Gflops", and ``gmacs_unit`` is the unit of its last digit.
    """

    model: str
    resolution: int  # pixels per image side; the latent has an eighth of that
    conditioning: str | None  # of a DiT
    params_m: int | None
    gmacs: float | None
    gmacs_unit: float | None
    source: str

    @property
    def spec(self) -> Network:
        fields = {} if self.conditioning is None else {"conditioning": self.conditioning}
        return named_network(self.model, self.resolution, **fields)

    def agrees(self, gmacs: float) -> bool:
        """Within 0.15 %, or within half a unit of the table's last digit if that is larger."""
        return abs(gmacs - self.gmacs) <= max(RELATIVE_TOLERANCE * self.gmacs, self.gmacs_unit / 2)


@functools.cache
def published() -> tuple[Published, ...]:
    """The 16 rows of DiT's Table 4.

    S, B, L and XL at patch 8, 4 and 2; XL/2 at 512 px; XL/2 with the three other conditionings.
    """
    return _rows("dit_configs.csv")


@functools.cache
def published_others() -> tuple[Published, ...]:
    """The models of other families whose parameters or Gflops were printed."""
    return _rows("other_configs.csv")


@functools.cache
def published_transformers() -> tuple[Published, ...]:
    """Transformers after DiT; ``source`` says where a row counts otherwise than the others."""
    return _rows("transformer_configs.csv")


def _rows(name: str) -> tuple[Published, ...]:
    with files("scaling.study.costs").joinpath(name).open(newline="") as file:
        return tuple(
            Published(
                row["model"],
                int(row["resolution"]),
                row.get("conditioning"),
                int(row["params_m"]) if row["params_m"] else None,
                float(row["gmacs"]) if row["gmacs"] else None,
                10.0 ** -len(row["gmacs"].partition(".")[2]) if row["gmacs"] else None,
                row["source"],
            )
            for row in csv.DictReader(file)
        )


def published_for(spec: Network) -> Published | None:
    """The row of exactly this model, or None."""
    rows = (*published(), *published_others(), *published_transformers())
    return next((row for row in rows if row.spec == spec), None)
