"""DICOM files and deep TIFFs: served as PNG in a scale that is stated, so that they are seen as meant.

DICOM: rescale slope and intercept, then the file's first window, else its own lowest to highest value;
MONOCHROME1 is turned round. TIFF: 8 and 16 bits without sign stay as they are; floats and others from 0 to 1,
255, 4,095 or 65,535, the first that holds them; what is below 0 or above goes from its own lowest to highest
value. Of several pages, frames, or more than four channels the first is shown.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from auditor.dataset import Dataset, FileStat, LocalFiles, Source
from auditor.errors import MissingExtraError
from auditor.readers.boxes import MAX_PIXELS
from auditor.readers.values import is_placeholder

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

DICOM, TIFF = (".dcm", ".dicom"), (".tif", ".tiff")
#: White of values that are no negative: shares, 8 bits, the 12 bits of cameras and scanners, 16 bits.
WHITES = (1.0, 255.0, 4095.0, 65535.0)
#: What tells whom a DICOM file shows (PS3.3, C.7.1.1, C.7.2.1 and C.7.3.1), from most to least that belongs
#: together.
IDENTITIES = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID")
#: TIFF's tag of the bits of each channel (TIFF 6.0, section 8).
BITS_PER_SAMPLE = 258


@dataclass(frozen=True, slots=True)
class ScientificFiles(LocalFiles):
    """Files on this machine, DICOM and deep TIFFs among them as PNG."""

    @property
    def native(self) -> bool:
        """Whether reading may end the process: it decodes."""
        return True

    def read(self, path: str) -> bytes:
        """Return the bytes of a file, or of the PNG that stands for it."""
        return converted(self.names.get(path, path), LocalFiles.read(self, path))


@dataclass(frozen=True, slots=True)
class Converted:
    """Another source, DICOM and deep TIFFs in it as PNG."""

    source: Source

    @property
    def native(self) -> bool:
        """Whether reading may end the process: it decodes."""
        return True

    def stat(self, path: str) -> FileStat:
        """Return size and time of modification of what the PNG is made from."""
        return self.source.stat(path)

    def read(self, path: str) -> bytes:
        """Return the bytes of an image, or of the PNG that stands for it."""
        return converted(path, self.source.read(path))


def scientific(source: Source, paths: Iterable[str]) -> Source:
    """Return a source that serves DICOM and deep TIFFs as PNG, if there are such files.

    Without such files it is the source itself.

    Where pydicom is not installed, a DICOM file among others cannot be read and says what would read it.

    Raises
    ------
    MissingExtraError
        All files are DICOM, and pydicom is not installed.
    """
    endings = {path[path.rfind(".") :].lower() for path in paths}
    if endings and endings.issubset(DICOM):
        _pydicom()
    if not endings.intersection((*DICOM, *TIFF)):
        return source
    return ScientificFiles(source.root, source.names) if isinstance(source, LocalFiles) else Converted(source)


def _pydicom() -> Any:
    try:
        return importlib.import_module("pydicom")
    except ImportError:
        raise MissingExtraError.of("pydicom", "medical") from None


def grouped_by_header(dataset: Dataset) -> Dataset:
    """Return a data set whose DICOM files are grouped by patient, or else by study or series, where no group
    is given.
    """
    if any(dataset.samples["group"].tolist()):
        return dataset
    names = dataset.source.names if isinstance(dataset.source, LocalFiles) else {}
    files = {path: names.get(path, path) for path in dataset.samples["path"]}
    paths = [path for path, file in files.items() if file[file.rfind(".") :].lower() in DICOM]
    if not paths or importlib.util.find_spec("pydicom") is None:
        return dataset
    found = {path: _identity(_header(dataset.source, path)) for path in paths}
    named = sorted({name for name, _ in found.values() if name}, key=IDENTITIES.index)
    if not named:
        return dataset
    groups = [found.get(path, ("", ""))[1] for path in dataset.samples["path"]]
    reading = replace(dataset.reading, groups_from=f"DICOM {', else '.join(named)}")
    return replace(dataset, samples=dataset.samples.assign(group=groups), reading=reading)


def _header(source: Source, path: str) -> Any:
    """Return what the header of a DICOM file says of whom it shows; of one that cannot be read, nothing."""
    pydicom = _pydicom()
    try:
        if isinstance(source, LocalFiles):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return pydicom.dcmread(
                    source.locate(path), stop_before_pixels=True, specific_tags=list(IDENTITIES)
                )
        raw = source.source if isinstance(source, Converted) else source
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = io.BytesIO(raw.read(path))
            return pydicom.dcmread(data, stop_before_pixels=True, specific_tags=list(IDENTITIES))
    except Exception:  # the scan says what is wrong with it
        return {}


def _identity(header: Any) -> tuple[str, str]:
    """Return the first of `IDENTITIES` that a header has, and its value; both "" where it has none."""
    for name in IDENTITIES:
        value = str(header.get(name) or "").strip()
        if value and not is_placeholder(value) and value.casefold() != "anonymous":
            return name, value
    return "", ""


def converted(path: str, data: bytes) -> bytes:
    """Return PNG for DICOM and deep TIFF, anything else as it is.

    Raises
    ------
    OSError
        It is DICOM that cannot be decoded.
    """
    ending = path[path.rfind(".") :].lower()
    if ending in DICOM:
        return _from_dicom(data)
    if ending in TIFF and _is_deep(data):
        return _from_tiff(data)
    return data


def _is_deep(data: bytes) -> bool:
    """Whether Pillow refuses a TIFF, or would not say how its values are scaled.

    It has more than 16 bits, a sign, or 16 bits of colour.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(data))
            bits = picture.tag_v2.get(BITS_PER_SAMPLE, (8,))  # type: ignore[attr-defined]
            return picture.mode in ("I", "F") or (picture.mode in ("RGB", "RGBA") and max(bits) > 8)
    except Exception:  # of many kinds; what tifffile cannot read either is left to the scan to name
        return data[:2] in (b"II", b"MM")


def _from_tiff(data: bytes) -> bytes:
    """Return a TIFF as PNG.

    As it is where tifffile is missing or cannot read it, so that the scan says why.
    """
    import numpy as np

    from auditor.readers.virtual import CHANNELS, encode_png

    try:
        tifffile: Any = importlib.import_module("tifffile")
    except ImportError:
        return data
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page = file.pages[0]
            if page.imagewidth * page.imagelength > MAX_PIXELS:
                return data
            pixels, whole = _decoded(page)
    except (
        Exception
    ):  # tifffile's are of many kinds, KeyError among them where a compression needs imagecodecs
        return data
    if not whole:
        raise OSError("part of its picture is not in the file")
    if pixels.ndim == 3 and pixels.shape[2] not in CHANNELS:
        pixels = (
            np.moveaxis(pixels, 0, 2)
            if pixels.shape[0] in CHANNELS
            else pixels[0]
            if pixels.shape[0] < pixels.shape[2]
            else pixels[..., 0]
        )
    try:
        return encode_png(pixels if pixels.dtype in (np.uint8, np.uint16) else scaled(pixels))
    except OSError:
        return data


def _decoded(page: Any) -> tuple[npt.NDArray[Any], bool]:
    """Return the pixels of a page, and whether the file holds all of them.

    What a damaged list of strips or tiles leaves out, tifffile fills with zeros, or leaves as memory happened to be:
    decoded into two arrays that were filled differently, it shows.
    """
    import numpy as np

    if page.is_contiguous:  # read as a whole, or refused
        return np.asarray(page.asarray()), True
    if math.prod(page.chunked) > min(len(page.dataoffsets), len(page.databytecounts)):
        return np.zeros((1, 1), np.uint8), False
    found = []
    for filling in (0, 255):
        out = np.zeros(page.shape, page.dtype)
        out.view(np.uint8).fill(filling)
        found.append(np.asarray(page.asarray(out=out)))
    return found[0], found[0].tobytes() == found[1].tobytes()


def scaled(pixels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Return values of any type in 8 bits.

    From 0 to the first of `WHITES` that holds them, else from their lowest to their highest; what is not
    finite is black.

    Examples
    --------
    >>> import numpy as np
    >>> scaled(np.array([[0.0, 0.5, 1.0]])).tolist(), scaled(np.array([[-10, 0, 10]])).tolist(), scaled(np.array([[0, 4000]])).tolist()
    ([[0, 128, 255]], [[0, 128, 255]], [[0, 249]])
    """
    import numpy as np

    values = pixels.astype(np.float64)
    finite = np.isfinite(values)
    low, high = (float(values[finite].min()), float(values[finite].max())) if finite.any() else (0.0, 0.0)
    white = next((w for w in WHITES if low >= 0 and high <= w), None)
    if white is not None:
        low, high = 0.0, white
    spread = (np.where(finite, values, low) - low) / ((high - low) or 1.0)
    return np.floor(spread * 255 + 0.5).astype(np.uint8)


def _from_dicom(data: bytes) -> bytes:
    import numpy as np

    from auditor.readers.virtual import encode_png

    try:
        pydicom = _pydicom()
    except MissingExtraError as missing:
        raise OSError(f"it needs {missing.expected}: {missing.hint}") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = pydicom.dcmread(io.BytesIO(data))
            if int(file.Rows) * int(file.Columns) > MAX_PIXELS:
                raise OSError(f"decompression bomb: the header announces {file.Columns} x {file.Rows} pixels")
            pixels = np.asarray(pydicom.pixels.pixel_array(file, index=0))
            if int(file.get("SamplesPerPixel", 1)) > 1:
                return encode_png(pixels if pixels.dtype == np.uint8 else scaled(pixels))
            values = pydicom.pixels.apply_modality_lut(pixels, file).astype(np.float64)
            shown = _windowed(values, file)
    except OSError:
        raise
    except Exception as error:  # pydicom's and its plug-ins' are of many kinds
        raise OSError(
            f"its DICOM cannot be decoded ({' '.join(str(error).split())[:100] or type(error).__name__})"
        ) from None
    return encode_png(255 - shown if file.get("PhotometricInterpretation") == "MONOCHROME1" else shown)


def _windowed(values: npt.NDArray[np.float64], file: Any) -> npt.NDArray[np.uint8]:
    """Return values through the first window (DICOM PS3.3, section C.11.2.1.2.1), else from their lowest to
    their highest.
    """
    import numpy as np

    centre, width = (_first(file.get(name)) for name in ("WindowCenter", "WindowWidth"))
    if centre is None or width is None or width < 1:
        low, high = float(values.min()), float(values.max())
        shares = (values - low) / ((high - low) or 1.0)
    elif width == 1:
        shares = (values > centre - 0.5).astype(np.float64)
    else:
        shares = np.clip((values - (centre - 0.5)) / (width - 1) + 0.5, 0, 1)
    return np.floor(shares * 255 + 0.5).astype(np.uint8)


def _first(value: Any) -> float | None:
    if value is None or value == "":
        return None
    return float(value if isinstance(value, (int, float, str)) else value[0])
