"""Shows a person how a study runs: a live table in a terminal, plain lines elsewhere."""

import contextlib
import os
import signal
import threading
import time
from dataclasses import dataclass

from rich.console import Console
from rich.live import Live
from rich.table import Table

from scaling.records import StudyFolder
from scaling.records.spending.seen import seen
from scaling.study.planning.averages import averages_told
from scaling.study.planning.plan import Plan
from scaling.study.planning.time_left import seconds_left
from scaling.study.specs.decoder import tokenizer

LINES_EVERY_S = 15.0  # seconds between summaries where the output is not a terminal
LOOK_EVERY_S = 5.0  # seconds between two looks at the records for the time left


class Piped(Console):
    """A console that leaves a closed pipe to the command, as print does."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


console = Piped(highlight=False, soft_wrap=True)


def say(text: str) -> None:
    console.print(text, markup=False)


def human(seconds: float) -> str:
    """``40 s``, ``12 min``, ``7.5 h``: two digits are enough of what is an estimate."""
    for unit, length in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.2g} {unit}"
    return f"{seconds:.0f} s"


def show_plan(plan: Plan) -> None:
    """Every trial with its parameters, forward Gflops and training FLOPs, and the total."""
    console.print(f"{plan.name}: {plan.question}", markup=False)
    table = Table(box=None, pad_edge=False)
    several = len({tokenizer(t.spec.data) for t in plan.trials}) > 1
    for column in (
        "trial",
        "model",
        *(["tokenizer"] if several else []),
        "seed",
        "lr",
        "steps",
        "params (M)",
        "forward GMACs",
        "training FLOPs",
    ):
        table.add_column(
            column,
            justify="left" if column in ("trial", "model", "tokenizer") else "right",
            no_wrap=True,
        )
    for t in plan.trials:
        table.add_row(
            t.trial_id,
            t.model,
            *([tokenizer(t.spec.data)] if several else []),
            str(t.spec.train.seed),
            f"{t.spec.train.lr:g}",
            str(t.spec.train.steps),
            f"{t.params_m:.4g}",
            f"{t.forward_gmacs:.4g}",
            f"{t.train_flops:.3g}",
        )
    wide = Piped(width=max(console.width, 140), highlight=False)
    wide.print(table)
    say(
        f"{len(plan.trials)} trials, {plan.train_flops:.3g} training FLOPs (forward GMACs are the "
        "DiT paper's Gflops)"
    )
    for line in averages_told(plan):
        say(line)


class Progress:
    """Follows the trainings of a sweep: trials by state, step, loss, images/s and time left."""

    def __init__(self, plan: Plan, left: list, folder: StudyFolder, dashboard: str | None):
        self.plan, self.folder, self.dashboard = plan, folder, dashboard
        self.trainings = {
            group[0].train_id: max(group, key=lambda t: t.train_flops) for group in left
        }
        self.latest: dict[str, dict] = {}
        self.already_finished = len(plan.trials) - sum(len(group) for group in left)
        self.groups = {group[0].train_id: group for group in left}
        self.places = 1  # that were seen to be used at once
        self.seconds_left: float | None = None
        self.started = time.monotonic()
        self._looked = 0.0
        self._told = 0.0
        self._lock = threading.Lock()
        self._live: Live | None = None

    def __enter__(self) -> "Progress":
        waiting = f", {self.already_finished} finished before" if self.already_finished else ""
        say(f"{self.plan.name}: {len(self.trainings)} trainings to run{waiting}")
        if self.dashboard:
            # Where Ray made a token, it guards its dashboard, and the page asks for it once.
            token = os.path.expanduser("~/.ray/auth_token")  # as it is where there is no home
            say(
                f"Ray dashboard: {self.dashboard}"
                + (" (it asks for the token in ~/.ray/auth_token)" if os.path.exists(token) else "")
            )
        if console.is_terminal:
            self._live = Live(
                get_renderable=self.table, console=console, refresh_per_second=2, transient=True
            )
            self._live.__enter__()
        return self

    def __exit__(self, *exception) -> None:
        if self._live:
            self._live.__exit__(*exception)

    def update(self, train_id: str, result: dict) -> None:
        """Take in the latest result of a training. The table shows it; without a terminal a line is
        printed when the training ends.
        """
        with self._lock:
            before = self.latest.get(train_id, {}).get("state")
            self.latest[train_id] = result
        if self._live:
            return
        if result.get("done") and before != "done":
            say(f"  {self.trainings[train_id].trial_id}: {result['state']}{self._figures(result)}")
            self.latest[train_id] = {**result, "state": "done"}
        if time.monotonic() - self._told > LINES_EVERY_S:
            self._told = time.monotonic()
            say(f"  {self.summary()}")

    @staticmethod
    def _figures(result: dict) -> str:
        parts = [
            f"{name} {result[key]:.4g}"
            for key, name in (
                ("loss", "loss"),
                ("heldout_loss", "held-out loss"),
                ("fid", "FID"),
                ("images_per_s", "images/s"),
            )
            if result.get(key) is not None
        ]
        why = [result["why"]] if result.get("why") else []
        return "".join(f", {part}" for part in parts + why)

    def _left(self) -> str:
        """Judged by what has been done, evaluations included; looked up every few seconds."""
        now = time.monotonic()
        if now - self._looked > LOOK_EVERY_S:
            self._looked = now
            with self._lock:
                latest = dict(self.latest)
            running = sum(not result.get("done") for result in latest.values())
            self.places = max(self.places, running)
            order = [*latest, *(i for i in self.groups if i not in latest)]
            self.seconds_left = seconds_left(
                [
                    seen(self.groups[i], self.folder.run(i), bool(latest.get(i, {}).get("done")))
                    for i in order
                ],
                self.places,
                now - self.started,
            )
        if self.seconds_left is None:
            return "time left not known yet"
        return f"about {human(self.seconds_left)} left"

    def summary(self) -> str:
        """Trials by state, the time left, and what is waited for where none has a place."""
        with self._lock:
            latest = dict(self.latest)
        ended = sum(bool(result.get("done")) for result in latest.values())
        waits = {i: r["waits"] for i, r in latest.items() if r.get("waits") and not r.get("done")}
        running = len(latest) - ended - len(waits)
        return (
            f"{ended} of {len(self.trainings)} trainings ended, {running} running, "
            f"{len(self.trainings) - ended - running} waiting; {self._left()}"
            + "".join(
                f"; {self.trainings[i].trial_id}: {waits[i]}"
                for i in [*waits][: 0 if running else 1]
            )
        )

    def table(self) -> Table:
        table = Table(title=self.summary(), title_justify="left", box=None, pad_edge=False)
        for column in ("training", "state", "step", "loss", "held-out", "FID", "images/s"):
            table.add_column(column, justify="left" if column in ("training", "state") else "right")
        with self._lock:
            latest = dict(self.latest)
        shown = sorted(latest.items(), key=lambda item: bool(item[1].get("done")))[:20]
        for train_id, r in shown:
            t = self.trainings[train_id]
            number = lambda key, r=r: "–" if r.get(key) is None else f"{r[key]:.4g}"  # noqa: E731
            table.add_row(
                f"{t.model} lr {t.spec.train.lr:g} seed {t.spec.train.seed}",
                r["state"],
                f"{r.get('step', 0)}/{t.spec.train.steps}",
                number("loss"),
                number("heldout_loss"),
                number("fid"),
                number("images_per_s"),
            )
        return table


@dataclass
class Interruption:
    happened: bool = False


@contextlib.contextmanager
def interruptible():
    """End the block on Ctrl-C, or on SIGTERM as a scheduler sends it, and note that one came."""
    noted = Interruption()

    def terminate(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield noted
    except KeyboardInterrupt:
        noted.happened = True
    finally:
        signal.signal(signal.SIGTERM, before)
