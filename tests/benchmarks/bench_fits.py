"""How long do 1,000 bootstraps of approach 3 take, and a fit beside the package ``chinchilla``, on
the same 240 runs?

    python -m tests.benchmarks.bench_fits [--no-peer]

240 simulated runs of Hoffmann et al.'s law, 1 % noise and 5 outliers. Each of our fits is the
global optimum under the Huber loss of log residuals (delta 1e-3), of the runs or of resampled ones.
The peer fits once, the same loss, from 4^5 starts around the law. Asked: 1,000 bootstraps in 3 s on
two cores; a fit at least 1,000 times as fast as the peer's and, on the same objective, never worse.
Lack of fit, richer laws and influence are asked of 240 runs that no sum of size and data explains,
so that richer laws are fitted; asked: 10 s together.
The peer takes a minute or two: pip install -e ".[bench]".
"""

import argparse
import tempfile
import time
from collections.abc import Callable

import numpy as np

from analysis.fits import huber
from analysis.fits.approaches import parametric
from analysis.fits.points import Runs
from analysis.fits.trust import errors, misfit, richer
from analysis.fits.trust.influence import influence
from tests.analysis.laws import TRUTH, scattered
from tests.benchmarks.timing import table

RUNS, RESAMPLES = 240, 1000
ASKED_S, ASKED_RATIO, ASKED_TRUST_S = 3.0, 1000, 10.0


def seconds(work: Callable[[], object], times: int = 1) -> tuple[float, float, object]:
    """Least wall and CPU seconds over ``times`` repetitions, and what the work gave."""
    taken = []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        found = work()
        taken.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(w for w, _ in taken), min(c for _, c in taken), found


def doubted(runs: Runs) -> None:
    """Asks lack of fit, richer laws and influence of the law of ``runs``."""
    view = parametric.fit(runs).view()
    jacobian = view.jacobian()
    made = errors.estimated(view.runs, view.residuals, jacobian, view.axes)
    against = misfit.lack_of_fit(view, made, jacobian)
    richer.readings(view, made, against, 0)
    influence(view)


def of_no_sum(runs: Runs) -> Runs:
    """``runs`` whose size and data help each other."""
    n, d = runs["n"], runs["d"]
    E, A, B, alpha, beta = TRUTH
    noise = 0.01 * np.random.default_rng(1).standard_normal(len(runs))
    loss = (E + (A / n**alpha + B / d**beta) ** 0.6) * np.exp(noise)
    return Runs.checked(runs.names, {"n": n, "d": d, "loss": loss}, runs.cluster)


def peer_fit(runs: Runs) -> np.ndarray:
    """E, A, B, alpha, beta by ``chinchilla`` from 4^5 starts."""
    from chinchilla import Chinchilla
    from chinchilla._metrics import log_huber

    # logs, as in the paper
    grid = {
        "e": np.linspace(-1, 1, 4),
        "a": np.linspace(0, 20, 4),
        "b": np.linspace(0, 20, 4),
        "alpha": np.linspace(0.1, 1, 4),
        "beta": np.linspace(0.1, 1, 4),
    }
    with tempfile.TemporaryDirectory() as folder:
        peer = Chinchilla(
            folder,
            param_grid=grid,
            log_level=40,
            loss_fn=lambda true, fitted: log_huber(true, fitted, delta=parametric.DELTA),
        )
        for n, d, loss in zip(runs["n"], runs["d"], runs["loss"]):
            peer.database.append(N=n, D=d, loss=loss, C=6 * n * d)
        peer.visualizer.optim = lambda *_, **__: None  # a picture is no part of a fit
        peer.fit()
    return np.array([float(getattr(peer, name)) for name in parametric.PARAMETERS])


def objective(runs: Runs, parameters: np.ndarray) -> float:
    residual = np.log(parametric.law(parameters, runs["n"], runs["d"])) - np.log(runs["loss"])
    return float(huber.huber(residual, parametric.DELTA).sum())


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-peer", action="store_true", help="ours alone")
    options = parser.parse_args(arguments)
    runs = scattered(RUNS, 0.01, outliers=5)
    one_wall, one_cpu, fitted = seconds(lambda: parametric.fit(runs), 5)
    pairs = (
        np.random.default_rng(0).multinomial(RUNS, np.full(RUNS, 1 / RUNS), RESAMPLES).astype(float)
    )
    pairs_wall, pairs_cpu, _ = seconds(lambda: parametric.resampled(runs, fitted, pairs), 3)
    repeats_wall, repeats_cpu, _ = seconds(lambda: parametric.uncertain(fitted, RESAMPLES), 3)
    trust_wall, trust_cpu, _ = seconds(lambda: doubted(of_no_sum(runs)), 3)
    rows = [
        (f"{RUNS} runs, {parametric.usable_cores()} cores", "wall s", "CPU s", "asked s"),
        ("one fit", f"{one_wall:.3f}", f"{one_cpu:.3f}", ""),
        (
            f"{RESAMPLES:,} bootstraps over runs",
            f"{pairs_wall:.2f}",
            f"{pairs_cpu:.2f}",
            f"{ASKED_S:g}",
        ),
        (
            f"{RESAMPLES:,} simulated repeats (the intervals)",
            f"{repeats_wall:.2f}",
            f"{repeats_cpu:.2f}",
            f"{ASKED_S:g}",
        ),
        (
            "lack of fit, richer laws, influence",
            f"{trust_wall:.2f}",
            f"{trust_cpu:.2f}",
            f"{ASKED_TRUST_S:g}",
        ),
    ]
    if options.no_peer:
        print(table(rows))
        return
    peer_wall, _, theirs = seconds(lambda: peer_fit(runs))
    rows.append(("chinchilla, one fit, 4^5 starts", f"{peer_wall:.1f}", "", ""))
    print(table(rows))
    print(
        f"chinchilla / ours, a fit: {peer_wall / one_wall:,.0f} (asked: {ASKED_RATIO:,}); "
        f"a fit among bootstraps: {peer_wall / pairs_wall * RESAMPLES:,.0f}"
    )
    ours, theirs_value = objective(runs, fitted.parameters), objective(runs, theirs)
    print(
        f"objective (sum): ours {ours:.9g}, chinchilla {theirs_value:.9g}, at the truth "
        f"{objective(runs, TRUTH):.9g}; "
        f"ours is {'never worse' if ours <= theirs_value * (1 + 1e-9) else 'WORSE'}"
    )


if __name__ == "__main__":
    main()
