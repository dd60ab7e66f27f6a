"""What folders of images mean: splits, classes, or images alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from auditor.errors import DataError
from auditor.readers.folder_tree import GENERIC, FolderTree, set_aside
from auditor.readers.image_names import IMAGE_EXTENSIONS as IMAGE_EXTENSIONS
from auditor.readers.image_names import is_image as is_image
from auditor.readers.split_names import SPLIT_NAMES as SPLIT_NAMES
from auditor.readers.split_names import split_folders, split_of
from auditor.reading import EXAMPLES, LeftOut, Reading, listed

if TYPE_CHECKING:
    import pandas as pd

    from auditor.readers import Columns


class Layout(NamedTuple):
    """The sample table, what kind of layout it is, and what else there is to say of it.

    ``empty`` are the folders (split, label) that hold no image, ``left_out`` the images that are not in the
    table.
    """

    samples: pd.DataFrame
    kind: str
    empty: tuple[tuple[str, str], ...]
    reading: Reading
    left_out: tuple[str, ...]


class Parts(NamedTuple):
    """Which folders mean what.

    ``splits`` maps a folder to its split; ``depth`` is the number of parts before the one that names the
    class, by
    top folder ("" where all have the same); ``class_first`` where splits are below the classes.
    """

    splits: dict[str, str]
    depth: dict[str, int]
    class_first: bool = False


def arrange(
    images: Sequence[str],
    folders: Iterable[str],
    *,
    location: str,
    ignored: Sequence[str] = (),
    hint: str = "",
) -> Layout:
    """Return what paths mean that are relative to the root, with "/" between their parts.

    Folders around everything mean nothing. Below them are folders of splits, or of classes; the first folder
    below a split's names the class.

    Raises
    ------
    DataError
        There is no image.
    """
    import pandas as pd

    if not images:
        raise _no_image(location, ignored, hint)
    aside = set_aside(images)
    outside = {path for paths in aside.values() for path in paths}
    kept = [path for path in images if path not in outside]
    tree = FolderTree(kept, folders, [*ignored, *outside])
    parts, notes = _understand(tree, location)
    for top in tree.tops if parts.splits and not parts.class_first else ():
        if top not in parts.splits:
            aside.setdefault("beside the splits", []).extend(p for p in kept if tree.top_of(p) == top)
    outside.update(aside.get("beside the splits", ()))
    rows = [(path, *_meaning(path.split("/"), tree, parts)) for path in kept if path not in outside]
    samples = pd.DataFrame(rows, columns=["path", "label", "split"]).assign(group="").astype(str)
    empty, imageless = tree.without_images(parts.splits, parts.depth, parts.class_first)
    held = {folder for path in outside for folder in _around(path)}
    imageless = [folder for folder in imageless if folder not in held]
    labelled = {split for _, label, split in rows if label}
    splits = sorted({split for _, _, split in rows} - {""})
    for split in splits if labelled else ():
        if split not in labelled:
            folder = listed(_folders_of(split, parts))
            notes.append(f"{folder} has no class folders: its images have no label.")
    cover = "" if parts.class_first else tree.cover
    reading = Reading(
        layout=_in_words(parts, bool(labelled)),
        labels_from="folder names" if labelled else "",
        splits_from=tuple(
            (split, ", ".join(f"{cover}{folder}" for folder in _folders_of(split, parts))) for split in splits
        ),
        left_out=(
            *(part for reason, paths in aside.items() for part in _left_out(reason, paths, "images")),
            *_left_out("without an image", imageless, "folders"),
        ),
        notes=tuple(notes),
    )
    kind = ("split folders" if parts.splits else "class folders") if labelled else "images"
    by_path = samples.sort_values("path", ignore_index=True)
    return Layout(by_path, kind, empty, reading, tuple(sorted(outside)))


def _no_image(location: str, ignored: Sequence[str], hint: str) -> DataError:
    endings = ", ".join(sorted(IMAGE_EXTENSIONS)[:6])
    return DataError(
        expected="a folder with images in class folders",
        received=f"'{location}' with no image in it ({len(ignored)} other files)",
        hint=hint or f"images are files that end in {endings}, ...",
    )


def _around(path: str) -> list[str]:
    """Return the folders around a file."""
    parts = path.split("/")
    return ["/".join(parts[:k]) for k in range(1, len(parts))]


def _left_out(reason: str, names: list[str], what: str) -> list[LeftOut]:
    """Return what to say of what was left out for one reason; nothing where it is nothing."""
    said = LeftOut(reason=reason, count=len(names), examples=tuple(names[:EXAMPLES]), what=what)
    return [said] if names else []


def _folders_of(split: str, parts: Parts) -> list[str]:
    return sorted(folder for folder, meant in parts.splits.items() if meant == split)


def _in_words(parts: Parts, labelled: bool) -> str:
    if parts.class_first:
        return "class folders with split folders in each"
    if parts.splits:
        return "split folders with class folders" if labelled else "split folders without class folders"
    return "class folders" if labelled else "images without class folders"


def _meaning(path: list[str], tree: FolderTree, parts: Parts) -> tuple[str, str]:
    """Return label and split of an image."""
    start = tree.covered
    inside = path[start:-1]
    if not inside or (parts.splits and not parts.class_first and inside[0] not in parts.splits):
        return "", ""
    if parts.class_first:
        return inside[0], parts.splits.get(inside[1], "") if len(inside) > 1 else ""
    depth = parts.depth.get(inside[0], parts.depth.get("", 0))
    label = inside[depth] if len(inside) > depth else ""
    return label, parts.splits.get(inside[0], "")


def _understand(tree: FolderTree, location: str) -> tuple[Parts, list[str]]:
    """Return which folders mean what, and the notes about other possible readings."""
    tops = tree.tops
    splits = split_folders(tops)
    if splits and _are_splits(tree, splits):
        notes = [
            f"'{tree.cover}{top}' is beside the splits and is left out; {tree.command(location, top)} reads "
            "it alone."
            for top in tops
            if top not in splits
        ]
        # a split's folder without an image is still a split
        bare = {name: split_of(name) for name in tree.bare_tops if split_of(name)}
        return Parts({**bare, **splits}, _depths(tree, splits)), notes
    below = {name for top in tops for name in tree.below(top)}
    inner = split_folders(below)
    if len(set(inner.values())) > 1 and set(inner) == below and not any(map(tree.has_images, tops)):
        return Parts(inner, {"": 0}, class_first=True), []
    notes = [
        f"'{tree.cover}{top}' is read as a class, since no other folder means a split; "
        f"{tree.command(location, top)} reads it alone."
        for top in splits
    ]
    common = [tree.below(top) for top in tops]
    if len(tops) > 1 and len(common[0]) > 1 and all(names == common[0] for names in common):
        notes.append(
            f"Each of {listed(tops)} holds the folders {listed(sorted(common[0]))}: if those are the "
            "classes, add --label folder."
        )
    if tops == [] or (len(tops) == 1 and tops[0].lower() in GENERIC and tree.has_images(tops[0])):
        return Parts({}, {"": 1}), notes
    return Parts({}, {"": 0}), notes


def _are_splits(tree: FolderTree, splits: dict[str, str]) -> bool:
    """Whether folders whose names mean splits are splits: not where they are classes beside other classes
    (train, bus, car)."""
    others = [top for top in tree.tops if top not in splits]
    if not others or len(set(splits.values())) > 1:
        return True
    inside = {name for top in splits for name in tree.below(top)}
    return bool(inside) and all(not tree.below(top) or tree.below(top) & inside for top in others)


def _depths(tree: FolderTree, splits: dict[str, str]) -> dict[str, int]:
    """Return the parts before the class by folder of a split: 1, and more where folders inside it mean
    nothing."""
    depth = dict.fromkeys(splits, 1)
    moved = True
    while moved:
        moved = False
        only = {top: tree.only_below(top, depth[top]) for top in splits}
        for top, name in only.items():
            if name and (split_of(name) == splits[top] or name.lower() in GENERIC):
                depth[top] += 1
                moved = True
        if not moved and all(only.values()) and all(len(tree.below(top, depth[top])) > 1 for top in splits):
            depth = {top: d + 1 for top, d in depth.items()}
            moved = True
    return _unwrapped(tree, depth)


def _unwrapped(tree: FolderTree, depth: dict[str, int]) -> dict[str, int]:
    """Skip the single folder of a split where it is no class of the others: ``test/unknown`` is there for
    Keras' generators."""
    classes = {top: tree.below(top, d - 1) for top, d in depth.items()}
    for top, names in classes.items():
        others = set().union(*(c for other, c in classes.items() if other != top))
        if (
            len(names) == 1
            and len(others) > 1
            and not names & others
            and not tree.has_images(top, depth[top] - 1)
        ):
            depth = {**depth, top: depth[top] + 1}
    return depth


def with_left_out(
    reading: Reading, ignored: Sequence[str], not_entered: Mapping[str, Sequence[str]]
) -> Reading:
    """Add to a reading the files that are no images, and the folders that were not entered by reason."""
    files = [LeftOut(reason="no images", count=len(ignored), examples=tuple(sorted(ignored)[:EXAMPLES]))]
    folders = [
        LeftOut(reason=reason, count=len(where), examples=tuple(where[:EXAMPLES]), what="folders")
        for reason, where in sorted(not_entered.items())
    ]
    return replace(reading, left_out=(*reading.left_out, *(files if ignored else ()), *folders))


def refuse_columns(columns: Columns, what: str) -> None:
    """Refuse named columns where the data has none."""
    named = next((n for n in (columns.label, columns.split, columns.group, columns.path) if n), None)
    if named is not None:
        raise DataError(
            expected="a table, where columns are named",
            received=f"{what}, and the column '{named}'",
            hint="leave the option out, or give a CSV",
        )
    if columns.root is not None:
        raise DataError(
            expected="a table, whose paths are relative to --root",
            received=f"{what}, and the folder '{columns.root}'",
            hint="leave the option out, or give a CSV",
        )
