"""Arrays: ``(x, y)`` in memory, and NumPy's ``.npz`` as Keras and MedMNIST lay it out."""

from __future__ import annotations

import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.dataset import Dataset, FileStat, joined_labels
from auditor.errors import DataError
from auditor.readers.layout import SPLIT_NAMES, refuse_columns
from auditor.readers.temporary import temporary_folder, unpack
from auditor.reading import LeftOut, Reading

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from auditor.readers import Columns

#: What the members of an ``.npz`` are called: Keras (``x_train, y_train``) and MedMNIST (``train_images,
#: train_labels``).
PICTURES, LABELS = ("x", "images", "data"), ("y", "labels", "targets")
#: What zipfile, the decompressors and NumPy raise of damaged files, encrypted ones and impossible headers.
DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, OSError, EOFError, ValueError, KeyError,
    RuntimeError, OverflowError, MemoryError, SyntaxError, TypeError, tokenize.TokenError,
)  # fmt: skip
#: What is understood, for messages.
LAYOUTS = (
    "x_train, y_train, x_test, y_test (Keras), train_images, train_labels, val_images, ... (MedMNIST), or "
    "x, y"
)


class Stretch(NamedTuple):
    """An array in a file: where its numbers begin, and their type and shape."""

    file: str
    offset: int
    dtype: str
    shape: tuple[int, ...]

    @property
    def item_bytes(self) -> int:
        """Bytes of one item: a picture, or a label."""
        import numpy as np

        return math.prod(self.shape[1:]) * np.dtype(self.dtype).itemsize

    def read(self, first: int, count: int = 1) -> npt.NDArray[np.generic]:
        """Return some items. They are read, not mapped.

        A map of the whole may be larger than a worker's address space.

        Raises
        ------
        OSError
            The file ends before them.
        """
        import numpy as np

        size = count * self.item_bytes
        with Path(self.file).open("rb", buffering=0) as stream:
            stream.seek(self.offset + first * self.item_bytes)
            data = stream.read(size)
        if len(data) < size:
            raise OSError("the file is cut short inside this array")
        return np.frombuffer(data, np.dtype(self.dtype)).reshape(count, *self.shape[1:])

    def refuse_short(self) -> Stretch:
        """Return it, or raise ValueError where its file is too short to hold it."""
        if Path(self.file).stat().st_size < self.offset + self.shape[0] * self.item_bytes:
            raise ValueError("it is shorter than its header says")
        return self


@dataclass(frozen=True, slots=True, eq=False)
class ArrayPictures:
    """Pictures of arrays; the path ``train/0000012.png`` is picture 12 of the array ``train``.

    Attributes
    ----------
    arrays : mapping of str to ndarray or Stretch
        Pictures ``(n, height, width[, channels])`` by name.
    changed : int
        When the file that holds them was modified, in nanoseconds; -1 in memory, where a change cannot be seen.
    """

    arrays: Mapping[str, Any]
    changed: int = -1

    def stat(self, path: str) -> FileStat:
        """Return the size of the pixels, and when their file was modified; (-1, -1) in memory."""
        name, _, number = path.rpartition("/")
        array = self.arrays.get(name)
        if (
            array is None
            or not number.removesuffix(".png").isdigit()
            or int(number.removesuffix(".png")) >= array.shape[0]
        ):
            raise FileNotFoundError(path)
        if self.changed < 0:
            return FileStat(-1, -1)
        import numpy as np

        return FileStat(math.prod(array.shape[1:]) * np.dtype(array.dtype).itemsize, self.changed)

    def read(self, path: str) -> bytes:
        """Return one picture as PNG."""
        from auditor.readers.virtual import encode_png

        name, _, number = path.rpartition("/")
        try:
            array, place = self.arrays[name], int(number.removesuffix(".png"))
            if not 0 <= place < array.shape[0]:
                raise IndexError(place)
        except (KeyError, ValueError, IndexError):
            raise FileNotFoundError(path) from None
        return encode_png(array.read(place)[0] if isinstance(array, Stretch) else array[place])


def picture_name(part: str, number: int) -> str:
    """Return the path of a picture of an array.

    Examples
    --------
    >>> picture_name("train", 12)
    'train/0000012.png'
    """
    return f"{part}/{number:07d}.png"


def from_arrays(
    pictures: Mapping[str, Any],
    labels: Mapping[str, Any],
    *,
    name: str,
    kind: str,
    location: str,
    names: Sequence[str] = (),
    changed: int = -1,
    ignored: Sequence[str] = (),
) -> Dataset:
    """Return the data set of arrays by part (``train``, ``val``, ``test``, or another word where there are no
    splits).

    Labels are ``(n,)``, ``(n, 1)``, one-hot ``(n, classes)``, or several classes per picture as 0 and 1
    ``(n, classes)``; ``names`` gives classes by number.
    """
    import pandas as pd

    tables, notes = [], list[str]()
    for part, array in pictures.items():
        shape = array.shape
        if len(shape) < 3:
            raise DataError(
                expected="pictures of shape (n, height, width) or (n, height, width, channels)",
                received=f"'{part}' of shape {tuple(shape)}",
                hint="give pictures, not rows of numbers",
            )
        known = _labels(labels[part], shape[0], part, names, notes) if part in labels else [""] * shape[0]
        split = SPLIT_NAMES.get(part.lower(), "")
        paths = [picture_name(part, i) for i in range(shape[0])]
        tables.append(pd.DataFrame({"path": paths, "label": known, "split": split, "group": ""}, dtype=str))
    samples = pd.concat(tables, ignore_index=True).astype(str) if tables else pd.DataFrame()
    if samples.empty:
        raise DataError(
            expected="arrays of pictures",
            received=f"'{location}' with none",
            hint=f"name the arrays {LAYOUTS}",
        )
    return Dataset(
        name=name,
        kind=kind,
        location=location,
        samples=samples.sort_values("path", ignore_index=True),
        source=ArrayPictures(pictures, changed),
        ignored=tuple(ignored),
        reading=Reading(
            labels_from="the labels' arrays" if labels else "",
            left_out=(LeftOut(reason="of another kind", count=len(ignored), examples=tuple(ignored[:5])),)
            if ignored
            else (),
            notes=tuple(notes),
        ),
    )


def _labels(values: Any, count: int, part: str, names: Sequence[str], notes: list[str]) -> list[str]:
    import numpy as np

    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    elif array.ndim == 2 and array.dtype.kind in "biuf" and (array.sum(axis=1) == 1).all():
        array = array.argmax(axis=1)
    elif array.ndim == 2 and len(array) == count and array.dtype.kind in "biu" and array.max(initial=0) <= 1:
        blank = int((array.sum(axis=1) == 0).sum())
        notes.append(
            f"Labels of '{part}' are {array.shape[1]} columns of 0 and 1: pictures have several classes each"
            + (f", and {blank:,} of {count:,} have none." if blank else ".")
        )
        words = [names[i] if i < len(names) else str(i) for i in range(array.shape[1])]
        return [joined_labels([words[i] for i in np.flatnonzero(row)]) for row in array]
    if array.ndim != 1 or len(array) != count:
        raise DataError(
            expected=f"{count:,} labels for '{part}', one per picture (or one-hot)",
            received=f"an array of shape {array.shape}",
            hint="several labels per picture: write a table whose 'label' is a list",
        )
    if array.dtype.kind == "f" and (array == np.rint(array)).all():
        array = array.astype(np.int64)
    words = [
        v.decode("utf-8", "backslashreplace") if isinstance(v, bytes) else str(v) for v in array.tolist()
    ]
    return [names[int(w)] if names and w.isdigit() and int(w) < len(names) else w for w in words]


def from_python(data: Any) -> Dataset:
    """Return the data set of ``(x, y)`` or of a mapping of splits to ``(x, y)``.

    Raises
    ------
    DataError
        It is something else.
    """
    parts = data if isinstance(data, Mapping) else {"images": data}
    pictures, labels = {}, {}
    for part, pair in parts.items():
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not hasattr(pair[0], "shape"):
            raise DataError(
                expected="a pair (x, y) of pictures and labels, or a dict of splits to such pairs",
                received=f"{type(pair).__name__} for '{part}'",
                hint="auditor.open({'train': (x_train, y_train), 'test': (x_test, y_test)})",
            )
        pictures[str(part)] = pair[0]
        if pair[1] is not None:
            labels[str(part)] = pair[1]
    return from_arrays(pictures, labels, name="arrays", kind="arrays", location="arrays")


def reads(location: Path) -> bool:
    """Whether this is an ``.npz``."""
    return location.is_file() and location.suffix.lower() == ".npz"


def read(location: Path, columns: Columns) -> Dataset:
    """Read an ``.npz``. Arrays stored uncompressed stay where they are.

    Compressed ones are decompressed once, into temporary files.

    Raises
    ------
    DataError
        It is damaged, or its arrays have other names.
    """
    refuse_columns(columns, "an .npz")
    try:
        with zipfile.ZipFile(location) as archive:
            listed = [n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy")]
            roles = {name: role for name in listed if (role := _role(name))}
            pictures = {part: name for name, (what, part) in roles.items() if what == "pictures"}
            if not pictures:
                raise DataError(
                    expected=f"arrays named {LAYOUTS}",
                    received=f"'{location}' with {', '.join(listed[:8]) or 'no array'}",
                    hint="np.savez(file, x_train=..., y_train=..., x_test=..., y_test=...)",
                )
            stretches = {part: stretch(location, archive, f"{name}.npy") for part, name in pictures.items()}
            labels = {
                part: _load(archive, f"{name}.npy")
                for name, (what, part) in roles.items()
                if what == "labels"
            }
    except DAMAGED as error:
        raise DataError(
            expected="a NumPy .npz of pictures and labels",
            received=f"'{location}', which cannot be read ({' '.join(str(error).split())[:120]})",
            hint="write it again with np.savez; arrays of Python objects are never loaded",
        ) from None
    return from_arrays(
        stretches,
        labels,
        name=location.stem,
        kind="arrays",
        location=str(location),
        changed=location.stat().st_mtime_ns,
        ignored=[f"{name}.npy" for name in listed if name not in roles],
    )


def _role(name: str) -> tuple[str, str] | None:
    """Return what an array is, and of which part.

    Examples
    --------
    >>> _role("x_train"), _role("val_labels"), _role("images"), _role("weights")
    (('pictures', 'train'), ('labels', 'val'), ('pictures', 'images'), None)
    """
    words = name.lower().split("_")
    what = {**dict.fromkeys(PICTURES, "pictures"), **dict.fromkeys(LABELS, "labels")}
    for word, rest in ((words[0], words[1:]), (words[-1], words[:-1])):
        if word in what and (not rest or (len(rest) == 1 and rest[0] in SPLIT_NAMES)):
            return what[word], SPLIT_NAMES[rest[0]] if rest else "images"
    return None


def stretch(location: Path, archive: zipfile.ZipFile, name: str) -> Stretch:
    """Return where an array's numbers are.

    In the archive itself if it is stored uncompressed, else in a temporary file.
    """
    info = archive.getinfo(name)
    file, start = str(location.absolute()), None
    if info.compress_type == zipfile.ZIP_STORED:
        with location.open("rb") as stream:
            stream.seek(info.header_offset)
            header = stream.read(
                30
            )  # the local header: lengths of name and extra field are its last four bytes (PKWARE, section 4.3.7)
            start = (
                info.header_offset
                + 30
                + int.from_bytes(header[26:28], "little")
                + int.from_bytes(header[28:30], "little")
            )
    if start is None:
        folder = temporary_folder()
        with archive.open(name) as packed:
            unpack(
                packed,
                folder / "array.npy",
                packed=info.compress_size,
                location=str(location),
                expected="a NumPy .npz of pictures and labels",
            )
        file, start = str(folder / "array.npy"), 0
    return _stretch_of(file, start)


def _stretch_of(file: str, start: int) -> Stretch:
    """Return the array whose ``.npy`` begins at ``start``."""
    from numpy.lib import format as npy

    with Path(file).open("rb") as stream:
        stream.seek(start)
        version = npy.read_magic(stream)
        shape, fortran, dtype = (
            npy.read_array_header_1_0(stream) if version == (1, 0) else npy.read_array_header_2_0(stream)
        )
        if dtype.hasobject or fortran:
            raise ValueError("arrays of Python objects or in Fortran order are not read")
        return Stretch(file, stream.tell(), dtype.str, shape).refuse_short()


def _load(archive: zipfile.ZipFile, name: str) -> npt.NDArray[np.generic]:
    from numpy.lib import format as npy

    with archive.open(name) as stream:
        loaded: npt.NDArray[np.generic] = npy.read_array(stream, allow_pickle=False)
        return loaded
