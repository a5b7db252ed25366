"""Which code, libraries and devices measured a study, and when?"""

from collections.abc import Iterable
from dataclasses import dataclass

from scaling.records import StudyFolder


@dataclass(frozen=True)
class Provenance:
    """What the records of a study say of the processes that measured it. Counts are of
    trainings.
    """

    codes: dict[str, int]  # version of the code -> trainings it worked on
    libraries: dict[str, dict[str, int]]  # library -> version -> trainings
    devices: dict[str, int]  # device and processor -> trainings
    threads: dict[int, int]  # threads per trial -> trainings
    platforms: dict[str, int]
    started: str | None  # first session, UTC
    ended: str | None  # last session, or last measurement, UTC

    @property
    def warnings(self) -> list[str]:
        """What a reader should know before comparing trials."""
        warnings = []
        if len(self.codes) > 1:
            warnings.append(
                "Trials were measured by different versions of the code: "
                + ", ".join(f"{code} ({n})" for code, n in self.codes.items())
                + "."
            )
        if any(code.endswith("+changes") for code in self.codes):
            warnings.append("Some trials were measured by code with changes that are in no commit.")
        for library, versions in self.libraries.items():
            if len(versions) > 1:
                warnings.append(
                    f"Trials were measured with different versions of {library}: "
                    f"{', '.join(versions)}."
                )
        if len(self.devices) > 1:
            warnings.append(
                f"Trials were measured on different devices: {', '.join(self.devices)}."
            )
        return warnings


def provenance_of(study: StudyFolder, measured: Iterable[str] = ()) -> Provenance:
    """Gather the sessions of every training of ``study`` that measured anything.

    ``measured`` are the times of its evaluations, UTC: they may come long after the training.
    """
    codes: dict[str, set] = {}
    libraries: dict[str, dict[str, set]] = {}
    devices: dict[str, set] = {}
    threads: dict[int, set] = {}
    platforms: dict[str, set] = {}
    times: list[str] = []
    for train_id in dict.fromkeys(trial.train_id for trial in study.plan().trials):
        for session in study.run(train_id).sessions():
            if session["from_step"] is None:  # found nothing to do
                continue
            by = session["provenance"]
            codes.setdefault(by["code"], set()).add(train_id)
            for library, version in by["versions"].items():
                libraries.setdefault(library, {}).setdefault(version, set()).add(train_id)
            device = by["cpu"] if by["device"] == "cpu" else by["device"]
            devices.setdefault(device, set()).add(train_id)
            threads.setdefault(by["threads"], set()).add(train_id)
            platforms.setdefault(by["platform"], set()).add(train_id)
            times += [time for time in (session["started"], session["ended"]) if time]
    return Provenance(
        codes=_counted(codes),
        libraries={name: _counted(versions) for name, versions in libraries.items()},
        devices=_counted(devices),
        threads=_counted(threads),
        platforms=_counted(platforms),
        started=min(times, default=None),
        ended=max([*times, *measured], default=None),
    )


def _counted(members: dict) -> dict:
    return {key: len(trainings) for key, trainings in members.items()}
