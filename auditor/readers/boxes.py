"""Boxes of object detection as a data set for classification.

Each box is a picture, and boxes of one image stay together.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.dataset import Dataset, FileStat, Source, is_native
from auditor.errors import DataError
from auditor.readers.archive import refusal
from auditor.readers.roboflow import GROUPS_FROM, original_of
from auditor.reading import EXAMPLES, LeftOut, Reading

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from auditor.readers import Columns

#: Between the image and the number of the box, in the path of a crop; a path ends in ``.png`` because that is
#: what is served.
MARK = "#box="
#: Twice Pillow's ``MAX_IMAGE_PIXELS``, where Pillow itself refuses a decompression bomb.
MAX_PIXELS = 178_956_970
#: Formats whose decoders are fuzzed by everybody.
HARDENED = (".jpg", ".jpeg", ".png", ".bmp")
SECOND = 1_000_000_000
#: A name, and why it was left out.
REASON = re.compile(r"(?P<name>.*) \((?P<reason>[^()]*)\)", re.DOTALL)


class Box(NamedTuple):
    """A box of an annotation file.

    Pixels from the top left corner of the stored picture, or shares of its sides.

    Numbers that are not given, or are none, are NaN: such a box is reported.
    """

    image: str
    number: int
    label: str
    left: float
    top: float
    right: float
    bottom: float
    split: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """Crops of the images of another source, as PNG.

    The path ``a/b.jpg#box=12.png`` is box 12 of ``a/b.jpg``.

    Attributes
    ----------
    images : Source
        Where the images are.
    boxes : mapping of str to ndarray of float64, shape (n_boxes, 5)
        For each image: number, left, top, right, bottom.
    relative : bool
        Whether boxes are in shares of width and height instead of pixels.
    """

    images: Source
    boxes: Mapping[str, npt.NDArray[np.float64]]
    relative: bool = False
    _last: dict[str, Any] = field(default_factory=dict, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return Crops, (self.images, self.boxes, self.relative)

    @property
    def native(self) -> bool:
        """Whether reading may end the process.

        It decodes, and other formats than these are not as hardened.
        """
        return is_native(self.images) or not all(name.lower().endswith(HARDENED) for name in self.boxes)

    def _box(self, path: str) -> tuple[str, npt.NDArray[np.float64]]:
        import numpy as np

        image, _, number = path.removesuffix(".png").rpartition(MARK)
        known = self.boxes.get(image)
        if known is None or not number.isdigit():
            raise FileNotFoundError(path)
        found = np.flatnonzero(known[:, 0] == int(number))
        if not len(found):
            raise FileNotFoundError(path)
        return image, known[found[0], 1:]

    def stat(self, path: str) -> FileStat:
        """Return the size of the image and when it was modified: to the second.

        The rest stands for the box, so a moved one is seen.
        """
        image, box = self._box(path)
        size, changed = self.images.stat(image)
        if changed < 0:
            return FileStat(size, changed)
        mark = hashlib.sha256(f"{changed} {box.tolist()}".encode()).digest()
        return FileStat(size, changed - changed % SECOND + int.from_bytes(mark[:8], "big") % SECOND)

    def whole(self, path: str) -> bytes:
        """Return the file that a crop is from, as it is: enough to tell its depth without decoding it."""
        image, _ = self._box(path)
        if why := refusal(image):
            raise OSError(why)
        return self.images.read(image)

    def read(self, path: str) -> bytes:
        """Return a crop as PNG; the image is kept decoded until a box of another is asked for."""
        import numpy as np

        from auditor.readers.virtual import encode_png

        image, box = self._box(path)
        if why := refusal(image):
            raise OSError(why)
        if not np.isfinite(box).all():
            raise OSError("its annotation is damaged: no image is named, or the box is not four numbers")
        held = self._last.get("")
        if held is None or held[0] != image:
            held = self._last[""] = (image, decode_whole(self.images.read(image)))
        pixels = held[1]
        height, width = pixels.shape[:2]
        scale = np.array([width, height, width, height]) if self.relative else 1.0
        left, top, right, bottom = (box * scale).tolist()
        # Every pixel that the box touches; a thousandth of a pixel is rounding in the file.
        x, y = max(math.floor(left + 1e-3), 0), max(math.floor(top + 1e-3), 0)
        x_end, y_end = min(math.ceil(right - 1e-3), width), min(math.ceil(bottom - 1e-3), height)
        if x >= x_end or y >= y_end:
            raise OSError(
                f"its box ({left:g}, {top:g}) to ({right:g}, {bottom:g}) holds no pixel of a picture of "
                f"{width} x {height}"
            )
        return encode_png(pixels[y:y_end, x:x_end])


def decode_whole(data: bytes) -> npt.NDArray[Any]:
    """Return a picture at full size as stored (EXIF orientation is not applied): grey or RGB, 8 or 16 bits.

    Raises
    ------
    OSError
        It cannot be decoded, or is a decompression bomb.
    """
    import numpy as np
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(data))
            if picture.width * picture.height > MAX_PIXELS:
                raise OSError(
                    f"decompression bomb: the header announces {picture.width} x {picture.height} pixels"
                )
            if not picture.mode.startswith("I") and picture.mode not in ("L", "RGB"):
                return np.asarray(picture.convert("L" if picture.mode in ("1", "LA") else "RGB"))
            return np.asarray(picture)
    except OSError:
        raise
    except Exception as error:  # Pillow raises a dozen kinds on damaged files
        raise OSError(
            f"its image cannot be decoded ({' '.join(str(error).split())[:80] or type(error).__name__})"
        ) from None


def boxed(
    boxes: Iterable[Box],
    images: Source,
    *,
    location: Path,
    root: Path,
    kind: str,
    relative: bool,
    ignored: Iterable[str] = (),
    labels_from: str = "",
    notes: Iterable[str] = (),
) -> Dataset:
    """Return the data set of boxes: path and label of each, its image as its group.

    Versions of one picture, by Roboflow's names, are one group. An entry of ``ignored`` may end with a reason
    in brackets.

    Raises
    ------
    DataError
        There is no box.
    """
    import numpy as np
    import pandas as pd

    table = pd.DataFrame(list(boxes), columns=list(Box._fields))
    if table.empty:
        raise DataError(
            expected=f"boxes in the {kind} annotations",
            received=f"'{location}' with none",
            hint="name the folder that holds both images and annotations",
        )
    for text in ("image", "label"):  # JSON may hold halves of surrogate pairs, which nothing can write
        table[text] = [value.encode("utf-8", "backslashreplace").decode() for value in table[text]]
    twice = table.duplicated(["image", "number"])
    if twice.any():  # numbers that do not tell the boxes of an image apart: they are counted instead
        again = table["image"].isin(set(table.loc[twice, "image"]))
        table.loc[again, "number"] = table[again].groupby("image").cumcount() + 1
    corners = table[["number", "left", "top", "right", "bottom"]].to_numpy(dtype=np.float64)
    rows = table.groupby("image", sort=False).indices
    originals = {image: original_of(image) for image in set(table["image"].tolist())}
    samples = pd.DataFrame(
        {
            "path": table["image"] + MARK + table["number"].astype(str) + ".png",
            "label": table["label"],
            "split": table["split"],
            "group": [originals[image] or image for image in table["image"]],
        },
        dtype=str,
    )
    return Dataset(
        name=root.resolve().name,
        kind=kind,
        location=str(location),
        samples=samples.sort_values("path", ignore_index=True),
        source=Crops(images, {str(image): corners[i] for image, i in rows.items()}, relative),
        ignored=(left_out := tuple(sorted(ignored))),
        reading=Reading(
            layout=f"{kind} boxes",
            labels_from=labels_from or f"{kind} annotations",
            groups_from=GROUPS_FROM if any(originals.values()) else "the image of each box",
            left_out=by_reason(left_out),
            notes=tuple(notes),
        ),
    )


def by_reason(ignored: Iterable[str]) -> tuple[LeftOut, ...]:
    """Return what was left out by the reason in brackets at the end of each entry.

    Examples
    --------
    >>> [str(part) for part in by_reason(["a.txt", "b.jpg (no box)", "c.jpg (no box)"])]
    ['1 file (no images: a.txt)', '2 files (no box: b.jpg, c.jpg)']
    """
    found: dict[str, list[str]] = {}
    for entry in ignored:
        named = REASON.fullmatch(entry)
        name, reason = (named["name"], named["reason"]) if named else (entry, "no images")
        found.setdefault(reason, []).append(name)
    return tuple(
        LeftOut(reason=reason, count=len(names), examples=tuple(names[:EXAMPLES]))
        for reason, names in found.items()
    )


def refuse_named(columns: Columns) -> None:
    """Refuse named columns: what is what is fixed in annotations."""
    from auditor.readers.layout import refuse_columns

    refuse_columns(columns, "box annotations")
