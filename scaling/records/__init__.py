"""The ledger: what was measured, on disk, written so that it can be trusted."""

from scaling.records.ledger import Run, StudyFolder
from scaling.records.status import trial_rows, trial_state

__all__ = ["Run", "StudyFolder", "trial_rows", "trial_state"]
