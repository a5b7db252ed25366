"""Hands a sweep to a Ray cluster as a job, so that it goes on after this machine is switched off.

The job runs ``python -m scaling.sweep`` on the cluster, with the project as it is installed there
(``$DIT_SCALING_PYTHON`` of the cluster names another interpreter). A study's own file goes with it.
"""

import contextlib
import http.client
import os
import shlex
import shutil
import socket
import sys
import tempfile
import urllib.error
import urllib.request
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from scaling.launch.environment import variables
from scaling.study.families.outside.source import INSTALLED, SUITE
from scaling.study.libraries import expanded
from scaling.study.own_packages import BESIDE

ADDRESS = ("RAY_API_SERVER_ADDRESS", "RAY_ADDRESS")  # Ray's, of which the first that is set counts
PYTHON = "${DIT_SCALING_PYTHON:-python}"
CONNECT_TIMEOUT_S = 5.0
ANSWER_S = 15.0  # where the machine is busy
FORM = "http://HOST:8265"


@dataclass(frozen=True)
class Submitted:
    """A sweep that a cluster has as a job; as text, how to follow and to end it."""

    job: str
    address: str
    study: str  # results of the study, a URL or a path of the cluster

    def __str__(self) -> str:
        where = f"--address {self.address} {self.job}"
        return (
            f"submitted as job {self.job}; this machine may be switched off\n"
            f"what it says:  ray job logs --follow {where}\n"
            f"its trials:    scaling status {self.study} --watch\n"
            f"to end it:     scaling stop {self.study}    (in order; ray job stop {where} kills "
            "it, and the same command continues)"
        )


def submit(
    study: str, name: str, options: Sequence[str], results: str, address: str | None
) -> Submitted:
    """Have the cluster at ``address`` sweep ``study``, a name or a file, whose STUDY is ``name``.

    ``options`` are the words of the command, without results and address; ``results`` is a URL, or
    a folder that all nodes share, at which the job looks before it begins. ValueError where the
    cluster does not answer, or does not take the job.
    """
    address = checked_address(address)
    check_results(results)
    from ray.job_submission import JobSubmissionClient

    with tempfile.TemporaryDirectory(prefix="dit-scaling-submit-") as folder:
        files = carried(Path(study)) if study.endswith(".py") else {}
        for inside, path in files.items():
            (Path(folder) / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, Path(folder) / inside)
        words = [Path(study).name if files else study, *options, "--results", results]
        # without an address: Ray tells a job its cluster in $RAY_ADDRESS, where several share a
        # temporary folder the latest of them
        command = f"{PYTHON} -m scaling.sweep {shlex.join(words)}"
        # to Ray its variables count more than what it is told
        with variables(dict.fromkeys(ADDRESS, address)):
            try:
                job = JobSubmissionClient(address).submit_job(
                    entrypoint=command,
                    submission_id=f"{name}-{uuid.uuid4().hex[:8]}",
                    runtime_env={"working_dir": folder} if files else None,
                    metadata={"study": name},
                )
            except (ConnectionError, RuntimeError) as error:
                reason = " ".join(str(error).split())[:400]
                raise ValueError(f"the cluster at {address} takes no job: {reason}") from None
    return Submitted(job, address, f"{results.rstrip('/')}/{name}")


def checked_address(address: str | None) -> str:
    """``address``, or that which Ray's variables name. ValueError, in seconds, where it is no URL
    of a dashboard, or nobody listens there.
    """
    if address is None:
        address = next((os.environ[name] for name in ADDRESS if os.environ.get(name)), None)
    if address is None:
        raise ValueError(
            f"--submit needs the URL of the cluster's dashboard: --address {FORM}, or $RAY_ADDRESS"
        )
    found = urlsplit(address)
    try:
        host, port = found.hostname, found.port or {"http": 80, "https": 443}.get(found.scheme)
    except ValueError:
        host, port = None, None
    if found.scheme not in ("http", "https") or not host or port is None:
        raise ValueError(
            f"--submit goes to a cluster's dashboard, such as --address {FORM}; found {address!r}"
        )
    address = address.rstrip("/")
    try:
        socket.create_connection((host, port), timeout=CONNECT_TIMEOUT_S).close()
        # Ray's own client would wait for an answer without end. One without a token is refused,
        # and that is an answer, too.
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(f"{address}/api/version", timeout=ANSWER_S).close()
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise ValueError(
            f"no Ray dashboard at {address}: {why}. It listens on its own "
            "machine alone; bring it here with ssh -L 8265:localhost:8265 HEAD"
        ) from None
    return address


def check_results(results: str) -> None:
    """ValueError for a folder that would go with the job."""
    from scaling.records.storage.places import is_url

    if not is_url(results) and not os.path.isabs(results):
        raise ValueError(
            f"--submit with --results {results}: a relative folder would lie in the job's own, "
            "which Ray deletes; give a URL (s3://BUCKET/FOLDER), or the absolute path of a folder "
            "that every node sees"
        )


def carried(study: Path) -> dict[str, Path]:
    """The study's file, and what it imported from beside itself, by its path in the job's folder.

    The study must have been loaded.
    """
    study = expanded(study).resolve()
    files = {study.name: study}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        path = Path(file).resolve() if file else None
        if path and path.suffix == ".py" and path.is_relative_to(study.parent):
            inside = path.relative_to(study.parent)
            ours = any(path.is_relative_to(BESIDE / package) for package in SUITE)
            if not ours and not INSTALLED & set(inside.parts):
                files[str(inside)] = path
    return files
