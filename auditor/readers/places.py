"""Files that a table names: found as they are written there, or as they must have been meant."""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath

from auditor.dataset import Dataset, LocalFiles, name_on_disk, shown_name
from auditor.errors import DataError
from auditor.outputs import read_marker
from auditor.readers.folder import walk
from auditor.readers.image_names import is_image
from auditor.record import MARKER

#: A byte that is no UTF-8, as `auditor.dataset.shown_name` writes it.
ODD_BYTE = re.compile(r"\\x([89a-f][0-9a-f])")
#: Paths that are looked for before all are: where these are there, the others are the scan's business.
FIRST = 100
#: Files below the folder of a table that are listed to find what is written otherwise.
MOST_LISTED = 500_000


@dataclass(slots=True)
class Found:
    """The names on disk of the paths that are written otherwise, and whole sentences about what was
    assumed.
    """

    names: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Listing:
    """All files below a folder, listed when they are first needed."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def _files(self) -> dict[str, str]:
        """Shown name -> name on disk."""
        files = (
            f"{inside}/{name}" if inside else name
            for inside, _, names in walk(self.root)
            for name in names
            if name
        )
        return {shown_name(name): name for name in islice(files, MOST_LISTED)}

    @cached_property
    def _by_form(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """Files by their name in any case and Unicode form, and images by the same without their ending."""
        whole: dict[str, list[str]] = {}
        stems: dict[str, list[str]] = {}
        for name in self._files:
            whole.setdefault(_form(name), []).append(name)
            if is_image(name):
                stems.setdefault(_form(name.rpartition(".")[0]), []).append(name)
        return whole, stems

    @property
    def has_images(self) -> bool:
        """Whether there is any image below the folder."""
        return bool(self._by_form[1])

    def actual(self, path: str) -> str | None:
        """Return the name on disk of a shown path."""
        return self._files.get(path)

    def meant(self, path: str) -> tuple[str, str] | None:
        """Return the one file that a path must have meant and how it was found; ``None`` where none or
        several fit."""
        plain = path.strip().replace("\\", "/")
        outside = plain.startswith(("/", "../")) or re.match(r"[A-Za-z]:", plain) is not None
        plain = re.sub(r"^([A-Za-z]:)?(\.{0,2}/+)*", "", plain)
        parts = plain.split("/")
        for k in range(len(parts) if outside else 1):
            form = _form("/".join(parts[k:]))
            for names, how in zip(self._by_form, ("", "without their ending"), strict=True):
                fitting = names.get(form, [])
                exact = [name for name in fitting if name.removesuffix("/") == "/".join(parts[k:])]
                if len(exact or fitting) == 1:
                    return (exact or fitting)[0], how or _difference(path, outside)
        return None

    def ending_with(self, path: str) -> str | None:
        """Return a file whose path ends with a path, or at least with its name."""
        plain = path.strip().replace("\\", "/").strip("/")
        wanted, base = _form(f"/{plain}"), _form(f"/{PurePosixPath(plain).name}")
        ends = [
            name
            for name in self._files
            if _form(f"/{name}").endswith(base) or _stem(f"/{name}").endswith(base)
        ]
        whole = [
            name for name in ends if _form(f"/{name}").endswith(wanted) or _stem(f"/{name}").endswith(wanted)
        ]
        return min(whole or ends, key=lambda name: (name.count("/"), name), default=None)


def _form(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _stem(path: str) -> str:
    return _form(path.rpartition(".")[0] or path)


def _difference(path: str, outside: bool) -> str:
    if outside:
        return "with folders of another machine"
    if "\\" in path:
        return "with backslashes"
    return "with blanks around them" if path != path.strip() else "in another case or Unicode form"


def find_files(paths: Sequence[str], root: Path) -> Found:
    """Return where the files of a table are: as written, or where exactly one file below ``root`` fits what
    is written."""
    found = Found({path: disk for path in paths if (disk := _with_odd_bytes(path, root)) is not None})
    sample = paths if len(paths) <= FIRST else [paths[i * len(paths) // FIRST] for i in range(FIRST)]
    if all(path in found.names or is_there(path, root) for path in sample):
        return found
    listing = Listing(root)
    if not listing.has_images:
        return found
    assumed: dict[str, list[tuple[str, str]]] = {}
    for path in dict.fromkeys(paths):
        if path in found.names or is_there(path, root) or (meant := listing.meant(path)) is None:
            continue
        name, how = meant
        assumed.setdefault(how, []).append((path, name))
        found.names[path] = listing.actual(name) or name
    for how, pairs in assumed.items():
        path, name = pairs[0]
        found.notes.append(f"{len(pairs):,} paths are written {how}: '{path}' is read as '{name}'.")
    return found


def _with_odd_bytes(path: str, root: Path) -> str | None:
    """Return the name on disk of a path that auditor wrote with the bytes that are not UTF-8 escaped."""
    if "\\x" not in path or is_there(path, root):
        return None
    disk = name_on_disk(path)
    return disk if is_there(disk, root) else None


def is_there(path: str, root: Path) -> bool:
    """Whether a path of a table can be opened as it is written; addresses are not asked for."""
    try:
        return "://" in path or (root / path).exists()
    except (OSError, ValueError):
        return False


def where_files_lie(dataset: Dataset) -> tuple[str, str] | None:
    """Return the first path of a table that was looked for, and what to do, where its files are not found."""
    source = dataset.source
    if not isinstance(source, LocalFiles) or not len(dataset):
        return None
    root = Path(source.root)
    path = next((p for p in dataset.samples["path"] if not is_there(p, root)), None)
    if path is None:
        return None
    hint = "check that paths are relative to the table's folder or absolute, or name their folder with --root"
    for start in (root, root.parent):
        if start == start.parent:
            continue  # all of the machine
        file = Listing(start).ending_with(path)
        found = file and _root_hint(path, file, start)
        if found:
            hint = found
            if "--root " in found:
                break
    return str(root / path), hint


def _root_hint(path: str, file: str, start: Path) -> str:
    """Return the option that makes a path the one of a file that was found, or the folder in which it was
    found."""
    plain, stem = path.strip().replace("\\", "/").strip("/"), file.rpartition(".")[0]
    for whole in (file, stem):
        if f"/{whole}".endswith(f"/{plain}"):
            folder = whole[: len(whole) - len(plain)].strip("/")
            return f"such files lie in '{folder or start}': add --root {shlex.quote(str(start / folder))}"
    where = start / file.rpartition("/")[0]
    return f"a file of that name lies in '{where}': paths must be relative to the table or absolute"


def root_folder(root: str | Path) -> Path:
    """Return the folder that ``--root`` names.

    Raises
    ------
    DataError
        It is no folder.
    """
    folder = Path(root)
    if not folder.is_dir():
        raise DataError(
            expected="a folder for --root",
            received=f"'{root}', which is none",
            hint="name the folder of the paths",
        )
    return folder.absolute()


def audited_data(folder: Path) -> str | None:
    """Return the data that an output folder of auditor is about; ``None`` where it is none, or does not
    say."""
    if not (folder / MARKER).is_file():
        return None
    marked = read_marker(folder).get("data")  # relative to the folder: it is right from anywhere
    if isinstance(marked, str) and (folder / marked).exists():
        return str((folder / marked).resolve())
    for name, keys in (("split.json", ("location",)), ("audit.json", ("dataset", "location"))):
        try:
            found = json.loads((folder / name).read_text(encoding="utf-8"))
            for key in keys:
                found = found[key]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if isinstance(found, str) and Path(found).exists():
            return found
    return None
