"""The columns of a scan, one row per image: what other rooms and scripts rely on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Facts(NamedTuple):
    """What a scan says of one file besides its measures, in the order of the columns of ``images.parquet``.

    ``pixel_digest`` is that of `auditor.scanning.pixels.Decoded`; ``defect`` is a key of `DEFECTS` or "";
    ``survives`` is the share of rows of a cut-off picture that can still be decoded (NaN elsewhere);
    ``trailing`` counts bytes after the picture's end; ``private`` names what the metadata gives away, any of
    ``gps serial``; ``decoders`` is filled by a scan with every decoder alone; ``jpeg_quality`` is 1 to 100 (NaN
    for other formats); ``exif_camera`` and ``exif_time`` (local, as EXIF writes it) are "" where unknown.
    """

    status: str = "unreadable"
    reason: str = ""
    bytes: int = 0
    sha256: str = ""
    pixel_digest: str = ""
    phash: str = ""
    format: str = ""
    mode: str = ""
    width: int = 0
    height: int = 0
    bits: int = 0
    orientation: int = 0
    animated: bool = False
    transparent: bool = False
    defect: str = ""
    survives: float = float("nan")
    trailing: int = 0
    private: str = ""
    decoders: str = ""
    jpeg_quality: float = float("nan")
    exif_camera: str = ""
    exif_time: str = ""


#: What can be wrong with a file, in plain words. All but `TOLERATED` make it unreadable.
DEFECTS = {
    "missing": "the file does not exist",
    "no-permission": "the file may not be read",
    "not-a-file": "a folder, pipe or device, not a file",
    "unavailable": "the file could not be read",
    "empty": "the file has no content",
    "not-an-image": "the content is not an image",
    "bomb": "decompression bomb: the header announces too many pixels",
    "too-large": "the file is too large to be read",
    "truncated": "the file ends before the picture does",
    "bad-checksum": "a checksum inside the file does not fit its data",
    "missing-end-marker": "the end marker is missing",
    "broken-header": "the header cannot be understood",
    "damaged": "the picture data is damaged",
    "unsupported": "a variant of the format that is not supported",
    "crashed": "the decoder crashed",
    "timeout": "decoding took too long",
    "memory": "decoding needed too much memory",
    "cut-short": "the data ends early behind a proper end marker; decoders fill the rest with grey",
    "corrupt-data": "the picture data is corrupt in places; decoders show it without a word",
}
#: Defects of files that decoders nevertheless show.
TOLERATED = frozenset({"cut-short", "corrupt-data"})

#: Bytes of a signature: 32x32 luma, then 16x16 of each chroma channel (YCrCb 4:2:0).
SIGNATURE_BYTES = 32 * 32 + 2 * 16 * 16


@dataclass(frozen=True, slots=True)
class Measure:
    """A number measured on every readable image, with its unit and range for axes and texts."""

    name: str
    title: str
    unit: str
    text: str


#: Measured on the decoded picture, at the scale the scan decodes to (`auditor.scanning.pixels`).
MEASURES = (
    Measure("brightness", "Brightness", "share of white", "mean luma, 0 black to 1 white"),
    Measure("contrast", "Contrast", "share of white", "standard deviation of luma (RMS contrast)"),
    Measure("dark_level", "Shadow level", "share of white", "5th percentile of luma"),
    Measure("bright_level", "Highlight level", "share of white", "95th percentile of luma"),
    Measure(
        "sharpness",
        "Sharpness",
        "grey levels",
        "standard deviation of the Laplacian of luma, away from the border",
    ),
    Measure("noise", "Noise", "grey levels", "noise standard deviation after Immerkaer (1996)"),
    Measure("saturation", "Saturation", "share", "mean HSV saturation"),
    Measure("entropy", "Entropy", "bits", "Shannon entropy of the luma histogram, 0 to 8"),
    Measure("red_mean", "Red mean", "share of white", "mean of the red channel"),
    Measure("green_mean", "Green mean", "share of white", "mean of the green channel"),
    Measure("blue_mean", "Blue mean", "share of white", "mean of the blue channel"),
    Measure("red_std", "Red spread", "share of white", "standard deviation of the red channel"),
    Measure("green_std", "Green spread", "share of white", "standard deviation of the green channel"),
    Measure("blue_std", "Blue spread", "share of white", "standard deviation of the blue channel"),
    Measure("minimum", "Darkest value", "share of white", "smallest channel value"),
    Measure("maximum", "Brightest value", "share of white", "largest channel value"),
    Measure("floor_level", "Darkest hundredth", "share of white", "1st percentile of luma"),
    Measure("peak_level", "Brightest hundredth", "share of white", "99th percentile of luma"),
    Measure("blur", "Blur", "share", "blur after Crete et al. (2007), 0 crisp to 1 blurred"),
    Measure(
        "block_trace",
        "JPEG trace",
        "share",
        "near-zero DCT coefficients on JPEG's grid of blocks, less those beside it",
    ),
)

#: Derived from the header alone.
SHAPE_MEASURES = (
    Measure("pixels", "Size", "pixels", "width times height"),
    Measure("aspect", "Aspect ratio", "width / height", "width over height, EXIF orientation not applied"),
    Measure("bytes_per_pixel", "Bytes per pixel", "bytes", "file size over pixels"),
)

MEASURE_NAMES = tuple(measure.name for measure in (*MEASURES, *SHAPE_MEASURES))
