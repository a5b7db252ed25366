"""How does a checkpoint's folder go to the store, and come from it? Its manifest goes last, and
leaves first, so that it is there whole or not at all. The manifest's note is the folder's.
"""

import os
import shutil
from pathlib import Path

from scaling.records.storage.copies import check_held
from scaling.records.storage.notes import Note, noted, stat
from scaling.records.storage.places import url_of
from scaling.records.storage.stores import Store, store_at

MANIFEST = "manifest.json"


def send_folder(folder: Path, manifest: str = MANIFEST) -> None:
    """Send a folder that is whole here, in place of the one at the store."""
    if (url := url_of(folder)) is None:
        return
    with noted(folder / manifest) as (_, keep):
        keep(_sent(folder, url, manifest))


def fetch_folder(folder: Path, manifest: str = MANIFEST, anew: bool = False) -> bool:
    """Have the folder here as the store has it; returns whether it was fetched. One that was never
    sent is sent; one that is gone at the store goes here, too. ``anew``: it is damaged here.
    """
    if (url := url_of(folder)) is None:
        return False
    store = store_at(url)
    with noted(folder / manifest) as (note, keep):
        version, here = store.version(f"{url}/{manifest}"), (folder / manifest).is_file()
        if version is None and note.version is None and here:
            keep(_sent(folder, url, manifest))
        elif version is None:
            shutil.rmtree(folder, ignore_errors=True)
            keep(Note())
        elif anew or version != note.version or not here:
            _take(folder, url, store)
            keep(Note(version, stat(folder / manifest)))
            return True
    return False


def remove_folder(folder: Path, manifest: str = MANIFEST) -> None:
    """Remove the folder at the store, and then here."""
    if (url := url_of(folder)) is None:
        shutil.rmtree(folder)
        return
    with noted(folder / manifest) as (_, keep):
        _empty(url, manifest, store_at(url))
        shutil.rmtree(folder, ignore_errors=True)
        keep(Note())


def remove_tree(folder: Path) -> None:
    """Remove a folder of any files, at the store and here; it need not be there."""
    if url := url_of(folder):
        store = store_at(url)
        store.remove(f"{url}/{name}" for name in store.listing(url))
    shutil.rmtree(folder, ignore_errors=True)


def names_in(folder: Path) -> list[str]:
    """The names in a folder, here or at the store."""
    names = set(os.listdir(folder)) if folder.is_dir() else set()
    if url := url_of(folder):
        names |= set(store_at(url).names(url))
    return sorted(names)


def _sent(folder: Path, url: str, manifest: str) -> Note:
    store = store_at(url)
    _empty(url, manifest, store)
    for path in sorted(folder.iterdir()):
        if path.name != manifest:
            store.put_file(f"{url}/{path.name}", str(path))
    version = store.put(f"{url}/{manifest}", (folder / manifest).read_bytes())
    return Note(version, stat(folder / manifest))


def _take(folder: Path, url: str, store: Store) -> None:
    aside = folder.with_name(f".fetching-{folder.name}")  # one process at a time has the lock
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        for name in store.listing(url):
            if "/" not in name:
                store.get_file(f"{url}/{name}", str(aside / name))
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _empty(url: str, manifest: str, store: Store) -> None:
    check_held(url)
    names = sorted(store.listing(url), key=lambda name: name != manifest)
    store.remove(f"{url}/{name}" for name in names)
