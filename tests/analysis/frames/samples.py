"""The frames and networks that several tests share."""

from analysis.frames import curves_frame, evaluations_frame, trials_frame
from analysis.frames.foreign import read_table
from tests.analysis.networks import GRID, Mixer

FRAMES = (trials_frame, evaluations_frame, curves_frame)


def mixer(width: int = 32, **fields) -> Mixer:
    return Mixer(**GRID, width=width, **fields)


def table_of(tmp_path, text):
    """The table that a file of this text or these bytes is read as."""
    path = tmp_path / "runs.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(path)
