"""Does any command answer a mutated file with a traceback, or with other numbers and no word?

    python -m tests.chaos.files [--most 10] [--only status predict ...]

Each file of a study's records, and each in its bundle, is mutated in turn (``tests.mutations``),
and each verb that reads a study is run on it. A fault is an end that is no answer and no refusal of
one line; or numbers other than the sound study's, where neither they nor the page say which file
was passed over. A mutation that is a sound file of its kind with another content, which no reader
can know, may change numbers.
"""

import argparse
import contextlib
import io
import re
import sys
import tempfile
import traceback
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from scaling.cli import main
from scaling.records import StudyFolder
from scaling.records.damage import FILES
from scaling.records.parsed import Unreadable
from scaling.records.shapes import LINE, PLAN
from tests.analysis.synthetic_study import digits_like, write_study
from tests.mutations import mutate, mutations, restored

AXES = {
    "size": [{"model.width": w, "model.depth": 2, "model.heads": w // 16} for w in (16, 32, 48)],
    "model.patch": [4, 2],
}
TARGET = "DiT-d3w64/2@500"
# verb -> its words after the study's folder; OUT is a new file
VERBS: dict[str, list[str]] = {
    "status": ["--json"],
    "quality": ["--json"],
    "compare": ["{other}"],
    "predict": ["--target", TARGET, "--out", "{out}.json"],
    "suggest": ["--target", TARGET, "--gpu-hours", "1", "--out", "{out}.py", "--json"],
    "report": [],
    "bundle": ["--out", "{out}.zip"],
}
ENDS = (0, 1, 2)
EVERY = 200  # mutations between two lines of progress
# What every run writes anew, whatever it reads
VOLATILE = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:.+]+|/\S*|\b[0-9a-f]{8,64}\b|\d+ (?:seconds|minutes|hours) ago"
)


class Answer(NamedTuple):
    """How a command ended."""

    code: int | None  # None: by an exception
    out: str
    err: str

    @property
    def fault(self) -> str | None:
        if self.code not in ENDS or "Traceback" in self.out + self.err:
            return f"ended with {self.code}: {self.err.strip().splitlines()[-1:]}"
        lines = self.err.strip().splitlines()
        if self.code == 2 and (len(lines) != 1 or not lines[0].startswith("error: ")):
            return f"refused in {len(lines)} lines: {self.err[:200]!r}"
        return None


def ask(verb: str, study: Path, other: Path, out: Path) -> Answer:
    """Run ``verb`` on the study; the page or the numbers that it writes are part of its answer."""
    for left in out.parent.glob(f"{out.name}.*"):
        left.unlink()
    answer = ended(verb, str(study), *(w.format(other=other, out=out) for w in VERBS[verb]))
    if answer.code != 0:
        return answer
    if verb == "report":
        return answer._replace(out=answer.out + (study / "report.html").read_text())
    if verb == "bundle":
        with zipfile.ZipFile(f"{out}.zip") as archive:
            return answer._replace(out=archive.read("answers/numbers.json").decode())
    return answer


def ended(*words: str) -> Answer:
    """Run a command in this process."""
    said, wrong = io.StringIO(), io.StringIO()
    code: int | None = 0
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(wrong):
        try:
            main([*words])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        except BaseException:
            traceback.print_exc()
            code = None
    return Answer(code, said.getvalue(), wrong.getvalue())


def numbers(answer: Answer) -> list[str]:
    return re.findall(r"\d+(?:\.\d+)?(?:e-?\d+)?", VOLATILE.sub("", answer.out))


def files_of(study: StudyFolder) -> dict[str, Path]:
    """The files of the study and of its first training, by name."""
    run = study.run(study.plan().trials[0].train_id).folder
    found = {"study.json": study.folder / "study.json", "real.npz": study.folder / "real.npz"}
    for pattern in (*FILES, "curve.jsonl", "samples/*.npz"):
        if paths := sorted(run.glob(pattern)):
            found[pattern] = paths[-1]
    return found


def is_sound(name: str, content: bytes | None) -> bool:
    """Whether a file of this content is one of its kind, which no reader can tell from the true."""
    if content is None or name.endswith(".npz"):
        return False
    try:
        if name.endswith(".jsonl"):
            for line in content.splitlines():
                LINE.parse(line, name)
            return True
        (PLAN if name == "study.json" else FILES[name]).parse(content, name)
    except Unreadable:
        return False
    return True


def faults(
    pristine: StudyFolder, place: Path, most: int | None, only: list[str]
) -> Iterator[tuple[str, str | None]]:
    """What each verb did to each mutation: its name, and what was wrong, if anything."""
    verbs = [verb for verb in VERBS if not only or verb in only]
    root = place / "copy"
    study = root / pristine.folder.name
    restored(pristine.folder.parent, root)
    usual = {verb: ask(verb, study, pristine.folder, place / "out") for verb in verbs}
    for verb, answer in usual.items():
        assert answer.fault is None and numbers(answer), (verb, answer)
    for name, path in files_of(pristine).items():
        for what, content in mutations(path, most):
            for verb in verbs:
                restored(pristine.folder.parent, root)
                mutate(root / path.relative_to(pristine.folder.parent), content)
                answer = ask(verb, study, pristine.folder, place / "out")
                fault = answer.fault
                said = path.name in answer.out + answer.err
                changed = numbers(answer) != numbers(usual[verb])
                if fault is None and changed and not said and not is_sound(name, content):
                    fault = "other numbers, and no word of the file"
                yield f"{verb}, {name}: {what}", fault


def in_bundle(
    bundle: Path, place: Path, most: int | None, only: tuple[str, ...] = ()
) -> Iterator[tuple[str, str | None]]:
    """As ``faults``, of ``verify`` and each file in a bundle, or the first ones called as in
    ``only``: nothing altered may agree.
    """
    with zipfile.ZipFile(bundle) as archive:
        held = {info.filename: archive.read(info) for info in archive.infolist()}
    chosen = [next(name for name in held if name.endswith(end)) for end in only]
    for name in chosen or held:
        data = held[name]
        source = place / "member" / Path(name).name
        source.parent.mkdir(exist_ok=True)
        source.write_bytes(data)
        for what, content in mutations(source, most):
            if content == data:
                continue
            altered = place / "altered.zip"
            with zipfile.ZipFile(altered, "w") as archive:
                for other, whole in held.items():
                    if other != name or content is not None:
                        archive.writestr(other, content if other == name else whole)
            answer = ended("verify", str(altered))
            fault = answer.fault
            if fault is None and answer.code == 0:
                fault = "altered, and agrees"
            if fault is None and Path(name).name not in answer.out + answer.err:
                fault = f"not named: {(answer.out + answer.err)[:200]!r}"
            yield f"verify, {name}: {what}", fault


def study_in(folder: Path) -> StudyFolder:
    return write_study(folder / "results", digits_like(AXES, seeds=1))


def told(
    found: Iterator[tuple[str, str | None]],
    say: Callable[[str], None],
    every: int = sys.maxsize,
) -> tuple[int, int]:
    """How many were tried, and how many failed; each fault is said, and after ``every`` how far."""
    tried = failed = 0
    for what, fault in found:
        tried += 1
        if tried % every == 0:
            say(f"{tried} tried, {failed} faults; now {what}")
        if fault:
            failed += 1
            say(f"{what}: {fault}")
    return tried, failed


def run() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, help="mutations of a file; default: all")
    parser.add_argument("--only", nargs="*", default=[], help=f"of {', '.join(VERBS)}, verify")
    options = parser.parse_args()
    out = sys.stdout

    def say(line: str) -> None:
        print(line, file=out, flush=True)

    with tempfile.TemporaryDirectory(prefix="dit-scaling-files-") as folder:
        place = Path(folder)
        study = study_in(place)
        sums = [0, 0]
        verbs = [verb for verb in options.only if verb in VERBS]
        parts = [faults(study, place, options.most, verbs)] if verbs or not options.only else []
        if not options.only or "verify" in options.only:
            packed = place / "whole.zip"
            ended("bundle", str(study.folder), "--out", str(packed))
            parts.append(in_bundle(packed, place, options.most))
        for part in parts:
            for i, count in enumerate(told(part, say, EVERY)):
                sums[i] += count
    print(f"{sums[0]} mutations tried, {sums[1]} faults", file=out)
    return int(sums[1] > 0)


if __name__ == "__main__":
    sys.exit(run())
