"""The columns of a scan, one row per image: what other rooms and scripts rely on."""

from __future__ import annotations

from dataclasses import dataclass

#: Header facts, in the order of ``images.parquet`` (after ``path, label, split, group``).
FACTS = (
    "status",
    "reason",
    "bytes",
    "sha256",
    "pixel_digest",
    "phash",
    "format",
    "mode",
    "width",
    "height",
    "bits",
    "orientation",
)

#: Further facts of the file, after `FACTS`. ``animated`` and ``transparent`` are bool; ``defect`` is a key of
#: `DEFECTS` or ""; ``survives`` is the share of rows of a cut-off picture that can still be decoded (NaN
#: elsewhere); ``trailing`` counts bytes after the picture's end; ``private`` names what the metadata gives
#: away: any of ``gps serial``; ``decoders`` is filled by a scan with every decoder alone; ``jpeg_quality`` (1
#: to 100, NaN for other formats), ``exif_camera`` and ``exif_time`` (local, as EXIF writes it) are "" where
#: unknown.
FILE_FACTS = (
    "animated",
    "transparent",
    "defect",
    "survives",
    "trailing",
    "private",
    "decoders",
    "jpeg_quality",
    "exif_camera",
    "exif_time",
)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A number measured on every readable image, with its unit and range for axes and texts."""

    name: str
    title: str
    unit: str
    text: str


#: Measured on the decoded picture, at the scale the scan decodes to (`auditor.scanning.pixels`).
MEASURES: tuple[Measure, ...] = (
    Measure(
        name="brightness", title="Brightness", unit="share of white", text="mean luma, 0 black to 1 white"
    ),
    Measure(
        name="contrast",
        title="Contrast",
        unit="share of white",
        text="standard deviation of luma (RMS contrast)",
    ),
    Measure(name="dark_level", title="Shadow level", unit="share of white", text="5th percentile of luma"),
    Measure(
        name="bright_level", title="Highlight level", unit="share of white", text="95th percentile of luma"
    ),
    Measure(
        name="sharpness",
        title="Sharpness",
        unit="grey levels",
        text="standard deviation of the Laplacian of luma, away from the border",
    ),
    Measure(
        name="noise",
        title="Noise",
        unit="grey levels",
        text="noise standard deviation after Immerkaer (1996)",
    ),
    Measure(name="saturation", title="Saturation", unit="share", text="mean HSV saturation"),
    Measure(
        name="entropy", title="Entropy", unit="bits", text="Shannon entropy of the luma histogram, 0 to 8"
    ),
    Measure(name="red_mean", title="Red mean", unit="share of white", text="mean of the red channel"),
    Measure(name="green_mean", title="Green mean", unit="share of white", text="mean of the green channel"),
    Measure(name="blue_mean", title="Blue mean", unit="share of white", text="mean of the blue channel"),
    Measure(
        name="red_std",
        title="Red spread",
        unit="share of white",
        text="standard deviation of the red channel",
    ),
    Measure(
        name="green_std",
        title="Green spread",
        unit="share of white",
        text="standard deviation of the green channel",
    ),
    Measure(
        name="blue_std",
        title="Blue spread",
        unit="share of white",
        text="standard deviation of the blue channel",
    ),
    Measure(name="minimum", title="Darkest value", unit="share of white", text="smallest channel value"),
    Measure(name="maximum", title="Brightest value", unit="share of white", text="largest channel value"),
    Measure(
        name="floor_level", title="Darkest hundredth", unit="share of white", text="1st percentile of luma"
    ),
    Measure(
        name="peak_level", title="Brightest hundredth", unit="share of white", text="99th percentile of luma"
    ),
    Measure(
        name="blur", title="Blur", unit="share", text="blur after Crete et al. (2007), 0 crisp to 1 blurred"
    ),
    Measure(
        name="block_trace",
        title="JPEG trace",
        unit="share",
        text="near-zero DCT coefficients on JPEG's grid of blocks, less those beside it",
    ),
)

#: Derived from the header alone.
SHAPE_MEASURES: tuple[Measure, ...] = (
    Measure(name="pixels", title="Size", unit="pixels", text="width times height"),
    Measure(
        name="aspect",
        title="Aspect ratio",
        unit="width / height",
        text="width over height, EXIF orientation not applied",
    ),
    Measure(name="bytes_per_pixel", title="Bytes per pixel", unit="bytes", text="file size over pixels"),
)

MEASURE_NAMES = tuple(m.name for m in (*MEASURES, *SHAPE_MEASURES))
