"""Where does a cooldown branch off? At a checkpoint of its trunk: one that is there, that another
process is about to write, or that is trained here.
"""

from dataclasses import replace

from scaling.launch.trials.advance import Advance, labels_of
from scaling.launch.trials.run_lock import hold
from scaling.launch.trials.session import Session, Setup
from scaling.records import Run
from scaling.study.specs.ema import Ema
from scaling.study.specs.trial import TrialSpec
from scaling.training import checkpoint
from scaling.training.checkpoint import Checkpoint

POLL_S = 5.0  # between looks at a trunk that another process trains


def trunk_checkpoint(
    trunk: TrialSpec, branches: list[TrialSpec], run: Run, setup: Setup, emas: list[Ema]
) -> Checkpoint:
    """The checkpoint of the last step of ``trunk`` with the averages ``emas``; ``run`` is the
    trunk's.

    It is waited for while another process trains it. Where it is trained here, checkpoints stay
    wherever one of ``branches`` begins. Raises Diverged, once that is recorded of the trunk, too.
    """
    step, labels = trunk.train.steps, set(labels_of(emas))
    run.folder.mkdir(parents=True, exist_ok=True)
    while True:
        saved = setup.workers.agree(lambda: checkpoint.load(run.checkpoints, step))
        if saved and labels <= set(saved.emas):
            return saved
        held = hold(run, POLL_S, setup.workers)
        if held is None:
            continue
        with held:
            _train(trunk, branches, run, setup, emas)


def _train(
    trunk: TrialSpec, branches: list[TrialSpec], run: Run, setup: Setup, emas: list[Ema]
) -> None:
    # The place is the cooldown's, and its session counts these hours.
    session = Session(trunk, run, replace(setup, devices=0.0), name=None)
    measured = setup.workers.agree(run.measured_steps)
    keep = measured | {spec.train.branch_step for spec in branches}
    advance = Advance(trunk, run, session, setup)
    with advance.recorded():
        advance.to(trunk.train.steps, emas, keep)
    session.write_completed()
