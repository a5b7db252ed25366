"""How do trials get into TensorBoard? A folder of event files for each, under the study's results.

ROOT/STUDY/tensorboard/TRIAL/TRAIN_ID/events...; ``tensorboard --logdir ROOT/STUDY/tensorboard``.
"""

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from scaling.loggers.board import Held, Point
from scaling.records.storage.folders import remove_tree
from scaling.study.planning.plan import Plan, PlannedTrial

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class TensorBoard:
    """Writes torch's event files. A file that a killed writer left ends where it was cut; what it
    lacks goes into the next one.
    """

    def __init__(self, folder: Path, plan: Plan):
        self.folder, self.plan = folder / "tensorboard", plan
        self._writers: dict[str, SummaryWriter] = {}

    def _place(self, trial: PlannedTrial) -> Path:
        return self.folder / trial.trial_id / trial.train_id

    def _files(self, trial: PlannedTrial) -> list[Path]:
        return sorted(self._place(trial).glob("events.*"))

    def held(self, trial: PlannedTrial) -> Held:
        from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
        from tensorboard.compat.proto.event_pb2 import Event

        found: Held = {}
        for path in self._files(trial):
            for record in RawEventFileLoader(str(path)).Load():
                event = Event.FromString(record)
                for value in event.summary.value:
                    if value.HasField("simple_value"):
                        found.setdefault(value.tag, {})[event.step] = value.simple_value
        return found

    def add(self, trial: PlannedTrial, points: list[Point]) -> None:
        from torch.utils.tensorboard import SummaryWriter  # torch takes seconds to import

        writer = self._writers.get(trial.trial_id)
        if writer is None:
            fresh = not self._place(trial).exists()
            self._wait_for_a_later_name(trial)
            writer = SummaryWriter(str(self._place(trial)))
            self._writers[trial.trial_id] = writer
            if fresh:
                title = f"{self.plan.name}: {self.plan.question}\n\n{trial.trial_id}"
                writer.add_text("trial", f"{title}, training {trial.train_id}, {trial.model}")
        for point in points:
            writer.add_scalar(point.tag, point.value, point.step, point.time)
        writer.flush()

    def _wait_for_a_later_name(self, trial: PlannedTrial) -> None:
        """TensorBoard reads files in the order of their names, which begin with the second of their
        beginning; within one second, the writer's number decides, and 10 stands before 9.
        """
        named = (re.search(r"tfevents\.(\d+)\.", path.name) for path in self._files(trial))
        ahead = max((int(name[1]) for name in named if name), default=0) + 1 - time.time()
        if 0 < ahead <= 1:  # more is another machine's clock
            time.sleep(ahead)

    def clear(self, trial: PlannedTrial) -> None:
        self.close(trial)
        remove_tree(self._place(trial))

    def close(self, trial: PlannedTrial) -> None:
        writer = self._writers.pop(trial.trial_id, None)
        if writer is not None:
            writer.close()
