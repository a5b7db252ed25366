"""Which clips lie in a folder, of which classes and splits?

    PLACE/CLASS/CLIP/0001.png ...    a clip is a folder of its frames, in the order of their names,
                                     numbers in them by value
    PLACE/CLASS/CLIP.mp4             or a video file
    PLACE/CLIP/0001.png ...          without the folders of classes, clips have none
    PLACE/CLIP.mp4

``train/`` and ``val/`` may stand above the classes; without them clips of each class are held out.
"""

from pathlib import Path
from typing import NamedTuple

from scaling.data.clips.frames import Run, check_names, runs_of
from scaling.data.clips.video_files import count_frames, is_video
from scaling.data.listing.names import as_number, in_order, listed
from scaling.data.listing.splits import AT_MOST, AT_MOST_WITHOUT, chosen_splits, held_out
from scaling.data.listing.walk import Found, printable
from scaling.data.several import has_several

AS_VIDEO = "write it as .mp4 or .gif, or as a folder of its frames"
LAYOUT = (
    "a clip is a folder of its frames, or a video file, inside a folder of its class; in a set "
    "without classes none is in a folder of a class"
)


class Clip(NamedTuple):
    """A clip: its path below the data's folder, and its frames' paths; a video's file has none."""

    path: str
    frames: tuple[str, ...]

    def runs(self, folder: Path) -> list[Run]:
        """The frames that follow one another."""
        if not self.frames:
            return [Run(0, count_frames(folder / self.path)[0])]
        return runs_of(self.frames)

    def length(self, folder: Path) -> int:
        """Frames of its longest run."""
        return max(run.length for run in self.runs(folder))


def by_split(folder: Path, found: Found) -> tuple[list[str], dict[str, list[tuple[Clip, int]]]]:
    """The classes in order of label, none of a set without, and the clips of each split with their
    labels.
    """
    train, held = chosen_splits(found.inside(), folder)
    if train and not held:
        raise ValueError(f"{folder} has a folder {train} and none for held-out clips; add val")
    roles = {train: "train", held: "heldout"} if train else {}
    placed = [path.partition("/") if roles else ("", "", path) for path in found.paths]
    # of another split, such as test beside val, none counts
    there = [(role, rest) for role, _, rest in placed if not roles or role in roles]
    bare = bool(there) and all(rest.count("/") == (not is_video(rest)) for _, rest in there)
    frames: dict[tuple[str, str, str], list[str]] = {}  # role, class, clip -> paths
    for role, rest in there:
        path = f"{role}/{rest}" if roles else rest
        name, *inside = ["", *rest.split("/")] if bare else rest.split("/")
        clip = path if is_video(path) else path.rpartition("/")[0]
        if len(inside) < (1 if is_video(path) else 2):
            moves = not is_video(path) and has_several(folder, path)
            hint = f"it holds several frames: {AS_VIDEO}" if moves else LAYOUT
            raise ValueError(f"{printable(path)} of {folder} is in no clip: {hint}")
        frames.setdefault((roles.get(role, ""), name, clip), []).append(path)
    if not frames:
        raise ValueError(f"{folder} holds no clips: {LAYOUT}")
    classes = sorted({name for role, name, _ in frames if role in ("", "train")}, key=as_number)
    labels = {name: label for label, name in enumerate(classes)}
    if unknown := sorted({name for _, name, _ in frames} - labels.keys()):
        raise ValueError(
            f"the held-out clips of {folder} have classes that train lacks: {listed(unknown)}"
        )
    rows = [
        (
            role,
            Clip(clip, () if is_video(clip) else tuple(sorted(paths, key=in_order))),
            labels[name],
        )
        for (role, name, clip), paths in frames.items()
    ]
    for _, found_clip, _ in rows:
        check_names(folder, found_clip.path, found_clip.frames)
    rows.sort(key=lambda row: (row[2], row[1].path))
    known = [] if bare else classes
    if roles:
        return known, {
            role: [(clip, label) for its, clip, label in rows if its == role]
            for role in roles.values()
        }
    if len(rows) == len(classes):
        each = "" if bare else "each class of "
        raise ValueError(f"{each}{folder} has one clip only, so none can be held out; add clips")
    clip_of = {clip.path: clip for _, clip, _ in rows}
    at_most = AT_MOST_WITHOUT if bare else AT_MOST
    split = held_out([(clip.path, label) for _, clip, label in rows], folder, at_most)
    return known, {
        role: [(clip_of[path], label) for path, label in its] for role, its in split.items()
    }
