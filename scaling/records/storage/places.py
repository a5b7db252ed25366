"""Where on this machine is the copy of what lies at a URL? ``$DIT_SCALING_CACHE/storage/`` holds it
under the URL's own words, so that a path tells its URL.
"""

import re
from pathlib import Path

from scaling.records.cache import cache_folder

URL = re.compile(r"([a-z][a-z0-9+.-]+)://(.*)", re.DOTALL)


def is_url(text: object) -> bool:
    return URL.fullmatch(str(text)) is not None


def here(place: str | Path) -> Path:
    """The path of ``place``: of a URL, the path of its copy. Nothing is fetched.

    ValueError for a URL that no store can hold.
    """
    match = URL.fullmatch(str(place))
    if match is None:
        return Path(place)
    scheme, rest = match[1], [part for part in match[2].split("/") if part]
    if not rest:
        raise ValueError(f"{place} names no bucket or folder; write {scheme}://BUCKET/FOLDER")
    if hidden := [part for part in rest if part.startswith(".")]:
        raise ValueError(
            f"{place}: {hidden[0]} begins with a dot, which no URL of results may hold"
        )
    from scaling.records.storage.kinds import check_scheme

    check_scheme(scheme)
    return Path(copies(), scheme, *rest)


def url_of(path: Path | str) -> str | None:
    """The URL of what ``path`` is a copy of; None for an ordinary path."""
    text, root = str(path), f"{copies()}/"
    if not text.startswith(root):
        return None
    scheme, _, rest = text.removeprefix(root).partition("/")
    return f"{scheme}://{rest}" if rest else None


def shown(path: Path | str) -> str:
    """What a person is told of ``path``: the URL, where it is a copy."""
    return url_of(path) or str(path)


def copies() -> Path:
    """The folder of all copies."""
    return cache_folder("storage").absolute()


def entry_of(path: Path | str) -> Path:
    """Where it is noted which version of a file the copy ``path`` is."""
    return cache_folder("storage-seen").absolute() / Path(path).relative_to(copies())
