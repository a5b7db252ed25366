"""What do the names of archives end with, and what is left without it?"""

TARS = (  # compressed or not
    ".tar",
    *(".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".tzst"),
)
ZIPS = (".zip",)


def is_tar(name: str) -> bool:
    return name.lower().endswith(TARS)


def stem(name: str) -> str:
    """An archive's name without its ending."""
    endings = (ending for ending in (*TARS, *ZIPS) if name.lower().endswith(ending))
    return name[: len(name) - len(max(endings, key=len, default=""))]
