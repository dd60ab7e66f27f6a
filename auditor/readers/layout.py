"""What folders of images mean: splits, classes, or images alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from auditor.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from auditor.readers import Columns

#: Extensions of the image formats that Pillow or OpenCV decode, or `auditor.readers.scientific` makes PNG of;
#: a file with another one is counted as ignored.
IMAGE_EXTENSIONS = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".jp2", ".j2k", ".png", ".apng", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".avif", ".ppm",
    ".pgm", ".pbm", ".pnm", ".ico", ".tga", ".mpo", ".qoi", ".sgi", ".rgb", ".dcm", ".dicom",
})  # fmt: skip

#: Folder names that mean a split, in lower case.
SPLIT_NAMES = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
}


class Layout(NamedTuple):
    """The sample table, what kind of layout it is, and the folders (split, label) that hold no image."""

    samples: pd.DataFrame
    kind: str
    empty: tuple[tuple[str, str], ...]


def is_image(name: str) -> bool:
    """Whether a file's name is that of an image; hidden files are none.

    Examples
    --------
    >>> is_image("a/b.JPG"), is_image("a/.b.jpg"), is_image("notes.txt")
    (True, False, False)
    """
    base = name.rsplit("/", 1)[-1]
    return (
        "." in base and not base.startswith(".") and "." + base.rsplit(".", 1)[1].lower() in IMAGE_EXTENSIONS
    )


def arrange(
    images: Sequence[str], folders: Iterable[str], *, location: str, others: int, hint: str = ""
) -> Layout:
    """Return what paths mean that are relative to the root, with "/" between their parts.

    The folder that directly names the class is the first below the root or below a split folder.

    Raises
    ------
    DataError
        There is no image.
    """
    import pandas as pd

    if not images:
        raise DataError(
            expected="a folder with images in class folders",
            received=f"'{location}' with no image in it ({others} other files)",
            hint=hint or f"images are files that end in {', '.join(sorted(IMAGE_EXTENSIONS)[:6])}, ...",
        )
    folders = list(folders)
    parts = [path.split("/") for path in images]
    top = {p[0] for p in parts if len(p) > 1} | {f for f in folders if "/" not in f}
    is_split = bool(top) and all(t.lower() in SPLIT_NAMES for t in top)
    depth = 1 if is_split else 0
    samples = pd.DataFrame(
        {
            "path": images,
            "label": [p[depth] if len(p) > depth + 1 else "" for p in parts],
            "split": [SPLIT_NAMES[p[0].lower()] if is_split and len(p) > 1 else "" for p in parts],
            "group": "",
        }
    ).astype(str)
    present = set(zip(samples["split"], samples["label"], strict=True))
    splits = {split for split, _ in present}
    empty = []
    for folder in folders:
        p = folder.split("/")
        split = SPLIT_NAMES[p[0].lower()] if is_split else ""
        if len(p) == depth + 1 and (split, p[-1]) not in present:
            empty.append((split, p[-1]))
        if is_split and len(p) == 1 and split not in splits:
            empty.append((split, ""))
    labelled = bool((samples["label"] != "").any())
    kind = ("split folders" if is_split else "class folders") if labelled else "images"
    return Layout(samples.sort_values("path", ignore_index=True), kind, tuple(sorted(empty)))


def common_folder(paths: Sequence[str]) -> str:
    """Return the folder, with its "/", that holds all paths and has folders below it: archives often wrap everything in one.

    Examples
    --------
    >>> common_folder(["flowers/rose/1.png", "flowers/tulip/2.png"]), common_folder(["rose/1.png"]), common_folder(["a/x/1.png", "b/1.png"])
    ('flowers/', '', '')
    """
    tops = {path.split("/", 1)[0] for path in paths}
    if len(tops) != 1 or not all(path.count("/") > 1 for path in paths):
        return ""
    (top,) = tops
    return "" if top.lower() in SPLIT_NAMES else top + "/"


def without_cover(samples: pd.DataFrame, cover: str) -> pd.DataFrame:
    """Give the paths of samples that were arranged below a common folder their full names back."""
    return samples.assign(path=cover + samples["path"]).sort_values("path", ignore_index=True)


def refuse_columns(columns: Columns, what: str) -> None:
    """Refuse named columns where the data has none."""
    named = next((n for n in (columns.label, columns.split, columns.group) if n), None)
    if named is not None:
        raise DataError(
            expected="a table, where columns are named",
            received=f"{what}, and the column '{named}'",
            hint="leave the option out, or give a CSV",
        )
