"""The answers of a study on disk."""

from analysis.answers.study import Answers
from analysis.frames import evaluations_frame, trials_frame
from analysis.select.selection import Selection
from scaling.records import StudyFolder


def answers_of(study: StudyFolder) -> Answers:
    return Answers(Selection(trials_frame(study), evaluations_frame(study)))
