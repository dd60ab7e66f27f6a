"""What to say of data that no reader understands: what it looks like, and what to do with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from auditor.errors import DataError
from auditor.readers.layout import IMAGE_EXTENSIONS

#: What to do with what other programs write, by ending.
ADVICE = {
    ".npy": "one array has no labels: np.savez(file, x_train=..., y_train=...) makes an .npz that is understood",
    ".h5": "HDF5 has no common layout: np.savez(file, x_train=..., y_train=...) of its arrays, or auditor.open((x, y)) in Python",
    ".hdf5": "HDF5 has no common layout: np.savez(file, x_train=..., y_train=...) of its arrays, or auditor.open((x, y)) in Python",
    ".mat": "load it with scipy.io.loadmat and give auditor.open((x, y)) in Python, or np.savez(file, x=..., y=...)",
    ".pkl": "pickles run what is in them, so they are never loaded: np.savez(file, x=..., y=...) of its arrays",
    ".pickle": "pickles run what is in them, so they are never loaded: np.savez(file, x=..., y=...) of its arrays",
    ".rar": "unpack it, or pack it as a zip",
    ".7z": "unpack it, or pack it as a zip",
    ".xlsx": "save the sheet as CSV with a column 'path'",
    ".xls": "save the sheet as CSV with a column 'path'",
    ".txt": "write a CSV with the columns path and label",
    ".xml": "this looks like Pascal VOC: name the folder that holds the images and the annotations",
    ".json": "this looks like COCO, but has no list of 'images', 'annotations' or 'categories'; a table of JSON lines ends in .jsonl",
    ".jsonl": "name the table itself, not its folder",
    ".csv": "name the table itself, not its folder",
    ".tsv": "name the table itself, not its folder",
    ".parquet": "this looks like Hugging Face Parquet, but has no column of image bytes; name the table itself if it has a column 'path'",
    ".arrow": "this looks like a Hugging Face folder, but has no column of image bytes",
    ".zip": "name the archive itself, not its folder",
    ".tar": "these look like WebDataset shards, but no image has a .cls or .json beside it: name one archive",
}  # fmt: skip
#: Endings that are understood, for names that are nearly one of them.
KNOWN = (".csv", ".tsv", ".jsonl", ".parquet", ".zip", ".tar", ".npz", ".tfrecord", ".json", ".yaml")


def hint_for(location: Path, files: Sequence[str] = ()) -> str:
    """Return what to do about a file that is not understood, or about a folder with these files and no image.

    Examples
    --------
    >>> hint_for(Path("table.cvs")), hint_for(Path("a.bin"), [])
    ("did you mean '.csv'?", 'name the folder that holds the images, or write a table')
    """
    endings = (
        Counter(PurePosixPath(name).suffix.lower() for name in files)
        if files
        else Counter([location.suffix.lower()])
    )
    for ending, _ in sorted(endings.items(), key=lambda item: (-item[1], item[0])):
        if ending in ADVICE:
            return ADVICE[ending]
        if ending in IMAGE_EXTENSIONS:
            return "this is one image: name the folder that holds the images"
    near = [
        match
        for ending in endings
        for match in get_close_matches(ending, KNOWN, 1, 0.7)
        if ending not in KNOWN
    ]
    return f"did you mean '{near[0]}'?" if near else "name the folder that holds the images, or write a table"


def missing(location: Path) -> DataError:
    """Return the error about a path that does not exist; what was likely meant comes first: a neighbour whose name is nearly the same."""
    received = f"'{location}', which does not exist"
    try:
        beside = [p.name for p in location.absolute().parent.iterdir()]
    except OSError:
        return DataError(
            expected="data that exists",
            received=received,
            hint=f"check the path: '{location.parent}' does not exist either",
        )
    near = get_close_matches(location.name, beside, 1, 0.75)
    if not near:
        return DataError(expected="data that exists", received=received, hint="check the path")
    meant = location.with_name(near[0])
    return DataError(expected=f"'{meant}'", received=received, hint=f"did you mean '{meant}'?")
