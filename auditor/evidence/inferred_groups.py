"""Groups that nobody declared, inferred from file names, folders, times and runs of look-alikes.

They are guesses: a check may show them, and never judges by them alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auditor.duplicates.detail import DetailComparer
from auditor.scanning.mapped_signatures import Signatures

if TYPE_CHECKING:
    import pandas as pd

#: Least share of the images in groups of two and more: an inference that covers less is dropped.
LEAST_COVERED = 0.5
#: Largest share of the images in one group: more would be a class or a prefix.
LARGEST_SHARE = 0.1
#: Images that a group may hold whatever their share, where there are few.
LARGEST_IMAGES = 20
#: Fewest groups of an inference: fewer say little about leaks.
LEAST_GROUPS = 5
#: Longest pause within a session, in seconds: bursts and series of one subject.
PAUSE = 60.0
#: Distance of detail below which consecutive files are frames of one scene.
FRAME_DISTANCE = 0.35
#: How many times more often consecutive files must look alike than files far apart: else all look alike here.
FRAMES_OVER_CHANCE = 5.0
#: Columns of a table that hold the time of an exposure, in lower case without blanks; the first counts.
TIME_COLUMNS = ("datetimeoriginal", "datetime", "taken", "timestamp", "captured_at", "time", "exif_time")
#: The same for the camera.
CAMERA_COLUMNS = ("camera", "model", "camera_model", "device", "camera_id", "exif_camera")

Names = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class InferredGroups:
    """One guess at what belongs together.

    Attributes
    ----------
    source : str
        ``"file names"``, ``"folders"``, ``"camera and time"`` or ``"consecutive frames"``.
    group : ndarray of str, shape (n_images,)
        The group of each image; "" where it has none.
    """

    source: str
    group: Names


def _stem(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]


def name_key(path: str) -> str:
    """Return a file's name before its last number: the slide, film or patient of a numbered crop or frame.

    Examples
    --------
    >>> names = "Training/RBC/BloodImage_00004_12.jpg", "patient7-view3.png", "IMG_0001.jpg", "00017.png"
    >>> [name_key(name) for name in names]
    ['BloodImage_00004', 'patient7-view', 'IMG', '']
    """
    return re.sub(r"[^0-9A-Za-z]*[0-9]+[^0-9A-Za-z]*$", "", _stem(path))


def folder_key(path: str) -> str:
    """Return the folder that a file lies in, below its split and class; "" for files directly in them.

    Examples
    --------
    >>> folder_key("train/cat/film 3/0001.png"), folder_key("train/cat/0001.png")
    ('film 3', '')
    """
    parts = path.replace("\\", "/").strip("/").split("/")
    return parts[-2] if len(parts) > 3 else ""


def _keep_plausible(keys: Names, labels: Names) -> Names | None:
    """Return keys that look like groups, blank where an image is alone; ``None`` if they do not."""
    import pandas as pd

    codes, values = pd.factorize(keys)
    sizes = np.bincount(codes, minlength=len(values))
    real = (sizes > 1) & np.array([v != "" for v in values], dtype=bool)
    if int(real.sum()) < LEAST_GROUPS or sizes[real].sum() < LEAST_COVERED * len(keys):
        return None
    if sizes[real].max() > max(LARGEST_SHARE * len(keys), LARGEST_IMAGES):
        return None
    if set(np.asarray(values, dtype=object)[real].tolist()) <= set(labels.tolist()):
        return None
    return np.where(real[codes], keys, "")


def _name_sessions(images: pd.DataFrame) -> Names:
    """Name each run of exposures of one camera without a long pause; "" where the time is unknown."""
    import pandas as pd

    columns = {str(c).lower().replace(" ", "_"): c for c in images.columns}
    time = next((columns[c] for c in TIME_COLUMNS if c in columns), None)
    keys = np.full(len(images), "", dtype=object)
    if time is None or not (images[time].astype(str) != "").any():
        return keys
    camera = next((columns[c] for c in CAMERA_COLUMNS if c in columns), None)
    # EXIF writes dates with colons.
    text = images[time].astype(str).str.replace(r"^(\d{4}):(\d{2}):(\d{2})", r"\1-\2-\3", regex=True)
    taken = pd.to_datetime(text, errors="coerce", format="mixed", utc=True)
    seconds = (taken - pd.Timestamp("1970-01-01", tz="UTC")).dt.total_seconds().to_numpy(dtype=float)
    cameras = keys.astype(str) if camera is None else images[camera].to_numpy(dtype=str)
    known = np.flatnonzero(np.isfinite(seconds))
    order = known[np.lexsort((seconds[known], cameras[known]))]
    if not len(order):
        return keys
    new = np.ones(len(order), dtype=bool)
    new[1:] = (cameras[order][1:] != cameras[order][:-1]) | (np.diff(seconds[order]) > PAUSE)
    keys[order] = [f"session {i}" for i in np.cumsum(new)]
    return keys


def natural_key(name: str) -> str:
    """Return a text that sorts names as people count: 2 before 10. It is short, for there may be millions.

    Before its digits a number has how many there are; both stand behind a character that no name holds.

    Examples
    --------
    >>> sorted(["10.png", "2.png", "a10", "a2b", "a02"], key=natural_key)
    ['2.png', '10.png', 'a02', 'a2b', 'a10']
    """
    return re.sub(r"[0-9]+", lambda found: _counted(found.group().lstrip("0")), name)


def _counted(digits: str) -> str:
    return f"\1{len(digits):03d}{digits}"


def _name_runs(paths: Names, rows: npt.NDArray[np.int64], comparer: DetailComparer) -> Names:
    """Name each run of files that follow each other and look alike; all "" where any two files look alike."""
    keys = np.full(len(paths), "", dtype=object)
    if len(rows) < 2 * LEAST_GROUPS:
        return keys
    # Sorting twice keeps no pair of keys for each image in memory.
    by_path = sorted(rows.tolist(), key=lambda row: str(paths[row]))
    order = np.array(sorted(by_path, key=lambda row: natural_key(_stem(str(paths[row])))), dtype=np.int64)
    half = len(order) // 2
    alike, by_chance = (
        comparer.measure_distance(first, second, np.zeros(len(first), np.int64)) < FRAME_DISTANCE
        for first, second in ((order[:-1], order[1:]), (order[: len(order) - half], order[half:]))
    )
    if alike.mean() <= FRAMES_OVER_CHANCE * max(by_chance.mean(), 1 / len(order)):
        return keys
    run = np.concatenate([[0], np.cumsum(~alike)])
    keys[order] = [f"run {i}" for i in run]
    return keys


def infer_groups(
    images: pd.DataFrame,
    signatures: Signatures,
    exact: npt.NDArray[np.int64],
) -> tuple[InferredGroups, ...]:
    """Return every plausible guess at groups, the most reliable source first.

    Parameters
    ----------
    images : DataFrame
        Needs ``path, label, status``; times and cameras are taken from any column that is called so.
    signatures : Signatures
    exact : ndarray of int64, shape (n_images,)
        Representatives of exact duplicate sets.
    """
    paths, labels = (images[c].to_numpy(dtype=object) for c in ("path", "label"))
    alone = (images["status"] == "ok").to_numpy(dtype=bool) & (exact == np.arange(len(exact)))
    sources: dict[str, Callable[[], Names]] = {
        "camera and time": lambda: _name_sessions(images),
        "file names": lambda: np.array([name_key(p) for p in paths], dtype=object),
        "folders": lambda: np.array([folder_key(p) for p in paths], dtype=object),
        "consecutive frames": lambda: _name_runs(paths, np.flatnonzero(alone), DetailComparer(signatures)),
    }
    found = ((source, _keep_plausible(name(), labels)) for source, name in sources.items())
    return tuple(InferredGroups(source, group) for source, group in found if group is not None)
