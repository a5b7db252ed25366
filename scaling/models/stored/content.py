"""Is a file one of weights, and of which kind? Its suffix tells, or its first bytes."""

import zipfile
from pathlib import Path

SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".safetensors")
OLD_PICKLE = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"  # how torch before 1.6 began a file


def is_weights_file(path: Path) -> bool:
    """By its suffix, in any case, or by its content: what torch saves, or safetensors."""
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with open(path, "rb") as file:
            head = file.read(64)
    except OSError:
        return False
    if head.startswith(b"PK"):
        return any(name.endswith("/data.pkl") for name in _members(path))
    return head.startswith(OLD_PICKLE) or (
        head[8:10] == b'{"' and int.from_bytes(head[:8], "little") < path.stat().st_size
    )


def _members(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return []


def is_script(path: Path, head: bytes) -> bool:
    return head.startswith(b"PK") and any("/code/" in name for name in _members(path))


def begins_as(head: bytes) -> str:
    """What a file that is no pickle is, as far as its first bytes tell."""
    if head.lstrip()[:1] == b"<":
        return "it is a page of HTML or XML"
    if head.startswith(b"GGUF"):
        return "it is a file of GGUF, whose quantised weights are not read"
    return "not a whole pickle"


def is_safetensors(path: Path, head: bytes) -> bool:
    """By content; the suffix decides where the first bytes tell nothing."""
    if head.startswith((b"PK", b"\x80")):  # a zip or a pickle
        return False
    return head[8:9] == b"{" or path.suffix == ".safetensors"
