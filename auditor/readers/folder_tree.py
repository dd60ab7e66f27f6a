"""The folders of a data set: which hold images, and what lies around them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from auditor.readers.split_names import names_other, split_of

#: Folder names that name no class: what is in them, not what it shows.
GENERIC = frozenset(
    [
        "images",
        "image",
        "imgs",
        "img",
        "pictures",
        "photos",
        "jpegimages",
        "data",
        "dataset",
        "jpg",
        "jpeg",
        "png",
        "raw",
        "files",
        "all",
        "all_images",
        "unlabelled",
        "unlabeled",
        "unknown_class",
    ]
)
#: Folders that other programs leave: thumbnails, trash, the resource forks of a Mac.
CLUTTER = frozenset(
    {"__macosx", "__pycache__", "@eadir", "lost+found", "$recycle.bin", "system volume information"}
)
#: Folders beside the data that are no class even where they are empty.
NO_CLASS = frozenset(
    [
        "docs",
        "doc",
        "models",
        "model",
        "logs",
        "log",
        "notebooks",
        "scripts",
        "src",
        "code",
        "checkpoints",
        "weights",
        "annotations",
        "metadata",
        "results",
        "output",
        "outputs",
        "runs",
        "venv",
        "cache",
        "tmp",
    ]
)
#: Files that systems leave in a folder; one with these alone is empty.
SYSTEM_FILES = frozenset({"thumbs.db", ".ds_store", "desktop.ini", ".gitkeep", ".keep"})
#: Endings of pictures and films that no reader decodes: a folder of them is a class that could not be read,
#: not clutter.
OTHER_PICTURES = frozenset(
    [
        ".heic",
        ".heif",
        ".jxl",
        ".cr2",
        ".cr3",
        ".nef",
        ".arw",
        ".dng",
        ".raf",
        ".psd",
        ".mp4",
        ".mov",
        ".avi",
        ".svg",
        ".eps",
    ]
)


def is_clutter(path: str) -> bool:
    """Whether a file is in a folder that another program made.

    Examples
    --------
    >>> is_clutter("__MACOSX/cat/1.png"), is_clutter("cat/@eaDir/1.jpg/THUMB.jpg"), is_clutter("cat/1.png")
    (True, True, False)
    """
    return any(part.lower() in CLUTTER for part in path.split("/")[:-1])


def set_aside(images: Sequence[str]) -> dict[str, list[str]]:
    """Return the images that are no pictures of the data, by the reason: caches, and masks beside a folder of
    images."""
    folders = {path.rpartition("/")[0] for path in images}
    inside: dict[str, set[str]] = {}
    for folder in folders:
        parts = folder.split("/")
        for k, part in enumerate(parts):
            inside.setdefault("/".join(parts[:k]), set()).add(part)
    generic = {parent for parent, names in inside.items() if any(name.lower() in GENERIC for name in names)}
    reasons = {folder: _reason_aside(folder, generic) for folder in folders}
    aside: dict[str, list[str]] = {}
    for path in images:
        reason = reasons[path.rpartition("/")[0]]
        if reason:
            aside.setdefault(reason, []).append(path)
    return aside if sum(map(len, aside.values())) < len(images) else {}


def _reason_aside(folder: str, generic: set[str]) -> str:
    """Return why the images of a folder are no pictures of the data, or ""; ``generic`` hold a folder of
    images."""
    if is_clutter(f"{folder}/"):
        return "caches of other programs"
    parts = folder.split("/")
    beside = any(names_other(part) and "/".join(parts[:k]) in generic for k, part in enumerate(parts))
    return "masks or annotations beside the images" if beside else ""


class FolderTree:
    """Folders of images, below those around everything.

    Parameters
    ----------
    images, folders, ignored : sequences of str
        Paths relative to the root: images, all folders, and files that are no images.

    Attributes
    ----------
    covered : int
        Folders around everything; ``cover`` is their path with its "/".
    tops : list of str
        Folders with images right below these, sorted.
    """

    def __init__(self, images: Sequence[str], folders: Iterable[str], ignored: Sequence[str]) -> None:
        self._folders = sorted(folders)
        #: Folders (parts) that hold images themselves, and folders below each that hold some anywhere.
        self._direct: set[tuple[str, ...]] = set()
        self._below: dict[tuple[str, ...], set[str]] = {}
        for folder in {path.rpartition("/")[0] for path in images}:
            parts = tuple(folder.split("/")) if folder else ()
            if "" in parts or ".." in parts:  # a name that is refused later decides nothing
                continue
            self._direct.add(parts)
            for k in range(len(parts)):
                self._below.setdefault(parts[:k], set()).add(parts[k])
        self._filled = {
            str(parent)
            for path in ignored
            if PurePosixPath(path).name.lower() not in SYSTEM_FILES
            and PurePosixPath(path).suffix.lower() not in OTHER_PICTURES
            for parent in PurePosixPath(path).parents
        }
        cover = self._around()
        self.covered, self.cover = len(cover), "".join(f"{part}/" for part in cover)
        self._cover = cover
        self.tops = sorted(self._below.get(cover, ()))

    def _around(self) -> tuple[str, ...]:
        """Return the folders around everything: each the only one with images, all of them in folders below
        it."""
        cover: tuple[str, ...] = ()
        while len(names := self._below.get(cover, set())) == 1:
            (name,) = names
            inside = (*cover, name)
            if split_of(name) or inside in self._direct or not self._below.get(inside):
                break
            if len(self._below[inside]) == 1 and self._bare(cover):
                break  # its siblings are classes without an image, and so it is one
            cover = inside
        return cover

    def _bare(self, at: tuple[str, ...]) -> list[str]:
        """Return the folders right below one that hold nothing at all, and could be classes."""
        inside = "".join(f"{part}/" for part in at)
        return [
            folder[len(inside) :]
            for folder in self._folders
            if folder.startswith(inside)
            and "/" not in (name := folder[len(inside) :])
            and name not in self._below.get(at, ())
            and self._could_be_class(folder)
        ]

    def _could_be_class(self, folder: str) -> bool:
        name = folder.rpartition("/")[2].lower()
        return folder not in self._filled and name not in CLUTTER | NO_CLASS

    @property
    def bare_tops(self) -> list[str]:
        """Folders beside the tops without an image, whatever else they hold."""
        return [
            folder[len(self.cover) :]
            for folder in self._folders
            if folder.startswith(self.cover)
            and "/" not in (name := folder[len(self.cover) :])
            and name not in self.tops
        ]

    def top_of(self, path: str) -> str:
        """Return the first folder of a path below those around everything; "" where there is none."""
        inside = path.split("/")[self.covered : -1]
        return inside[0] if inside else ""

    def below(self, top: str, depth: int = 0) -> set[str]:
        """Return the folders with images ``depth`` folders below a top."""
        level = {(*self._cover, top)}
        for _ in range(depth):
            level = {(*parts, name) for parts in level for name in self._below.get(parts, ())}
        return {name for parts in level for name in self._below.get(parts, ())}

    def has_images(self, top: str, depth: int = 0) -> bool:
        """Whether images lie directly in the folders ``depth`` below a top."""
        level = {(*self._cover, top)}
        for _ in range(depth):
            level = {(*parts, name) for parts in level for name in self._below.get(parts, ())}
        return bool(level & self._direct)

    def only_below(self, top: str, depth: int) -> str:
        """Return the only folder at a depth that holds all images of a top; "" where there are several, or
        images beside it."""
        names = self.below(top, depth - 1)
        return next(iter(names)) if len(names) == 1 and not self.has_images(top, depth - 1) else ""

    def command(self, location: str, top: str) -> str:
        """Return what to type to read one folder alone."""
        place = f"{location.rstrip('/')}/{self.cover}{top}"
        return (
            f"auditor scan {shlex.quote(place)}"
            if Path(location).is_dir()
            else f"unpacking '{self.cover}{top}'"
        )

    def without_images(
        self, splits: dict[str, str], depth: dict[str, int], class_first: bool
    ) -> tuple[tuple[tuple[str, str], ...], list[str]]:
        """Return the (split, label) whose folders are empty, and other folders without an image, each by its
        uppermost."""
        empty: set[tuple[str, str]] = set()
        others: list[str] = []
        for folder in self._folders:
            parts = tuple(folder.split("/"))
            if parts in self._direct or self._below.get(parts):
                continue
            inside = parts[self.covered :] if parts[: self.covered] == self._cover else ()
            found = _empty_part(inside, splits, depth, class_first)
            split_itself = found is not None and found[1] == ""
            if found is not None and (split_itself or self._could_be_class(folder)):
                if not split_itself or found[0] not in {splits.get(top) for top in self.tops}:
                    empty.add(found)
            elif self._is_uppermost(parts):
                others.append(folder)
        return tuple(sorted(empty)), others

    def _is_uppermost(self, parts: tuple[str, ...]) -> bool:
        """Whether the folder around one without images does hold some, or is the root."""
        return len(parts) == 1 or parts[:-1] in self._direct or bool(self._below.get(parts[:-1]))


def _empty_part(
    inside: tuple[str, ...], splits: dict[str, str], depth: dict[str, int], class_first: bool
) -> tuple[str, str] | None:
    """Return the (split, label) that a folder would mean; ``None`` where it would mean neither."""
    if not inside:
        return None
    if class_first:
        if len(inside) == 1:
            return "", inside[0]
        return (splits[inside[1]], inside[0]) if len(inside) == 2 and inside[1] in splits else None
    if not splits:
        at = depth.get("", 0)
        return ("", inside[at]) if len(inside) == at + 1 and not split_of(inside[at]) else None
    if inside[0] not in splits:
        return None
    if len(inside) == 1:
        return splits[inside[0]], ""
    at = depth.get(inside[0], 1)
    return (splits[inside[0]], inside[at]) if len(inside) == at + 1 else None
