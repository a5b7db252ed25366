"""Which network of a user's own file do weights belong to? The one that they fit.

Candidates are the networks that the file names at its top level, and those of its study's trials,
which also tell what was learned. Records never run code; only a person who names the file does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from scaling.models.weights import check_fits, entries_of
from scaling.study.families.outside.recorded import Recorded
from scaling.study.load import load_file
from scaling.study.network import Network
from scaling.study.specs.diffusion import DiffusionSpec
from scaling.study.study import Study


@dataclass(frozen=True)
class Candidate:
    """A network of the user's file, and what its study says of it, if one does."""

    network: Network
    file: Path
    diffusion: DiffusionSpec | None = None
    dropout: float | None = None
    vae: str | None = None

    @property
    def anchor(self) -> str:
        """The name of an entry by which the network is found behind wrappers' prefixes."""
        shapes, fixed = entries_of(self.network)
        return max(shapes.keys() - fixed, key=len)


def networks_in(file: Path | str | None) -> tuple[Candidate, ...]:
    """Load ``file`` and list the networks that it names, each once; none where there is no file.

    ValueError for a file that cannot be loaded or names no network.
    """
    if file is None:
        return ()
    file = Path(file)
    named = vars(load_file(file))
    found: dict[str, Candidate] = {}
    studies = [value for value in named.values() if isinstance(value, Study)]
    for trial in (trial for study in studies for trial in study.trials):
        found.setdefault(
            trial.model.model_id,
            Candidate(
                trial.model, file, trial.diffusion, trial.train.label_dropout, trial.data.vae
            ),
        )
    for value in named.values():
        if isinstance(value, Network):
            found.setdefault(value.model_id, Candidate(value, file))
    classes = [v for v in named.values() if isinstance(v, type) and issubclass(v, Network)]
    if not found and all(cls.__module__.startswith("scaling.") for cls in classes):
        raise ValueError(
            f"--network {file} defines no network: a subclass of scaling.study.Network, and an "
            "instance of it or a STUDY that trains it"
        )
    return tuple(found.values())


def fitting(own: Sequence[Candidate], state: Mapping[str, Tensor], path: Path) -> Candidate:
    """The candidate whose names and shapes ``state`` has. ValueError if none or several have."""
    fits, why = [], []
    for candidate in own:
        try:
            check_fits(candidate.network, state)
        except ValueError as error:
            why.append(str(error))
        else:
            fits.append(candidate)
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise ValueError(
            f"{path} fits {len(fits)} networks of {fits[0].file}: "
            f"{', '.join(c.network.name for c in fits)}; give a file that names one of them"
        )
    raise ValueError(
        f"{path} fits none of the {len(own)} networks of {own[0].file}; the nearest: "
        + min(why, key=len)
    )


def check_source(spec: Network, own: Sequence[Candidate]) -> None:
    """Refuse a recorded network whose code is not loaded, or is not what it was."""
    if not isinstance(spec, Recorded):
        return
    if own:
        raise ValueError(
            f"{own[0].file} does not define the family {spec.family!r} as it was trained (source "
            f"{spec.source}): give the file unchanged since"
        )
    raise ValueError(
        f"the network is of family {spec.family!r}, which a file of yours defines (source "
        f"{spec.source}), and records run no code: give it with --network FILE.py"
    )
