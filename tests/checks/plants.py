"""A fault for every check, in any strength: ``PLANTS[code](strength, seed)`` is a scan with that fault, none at strength 0.

A new check needs its line here: `tests/test_contracts.py` asks for it.
"""

import numpy as np
import pandas as pd

from auditor.evidence.probabilities import Probabilities
from tests.checks.splits import scan, table
from tests.evidence.scenes import scan_of, scene

SIDES = ("train", "test")
EVEN = {side: {"cat": 150, "dog": 150} for side in SIDES}


def base(seed, counts=EVEN):
    """A table without a fault, its measures those of usual pictures."""
    images = table(counts, seed=seed)
    rng = np.random.default_rng([seed, 1])
    n = len(images)
    usual = {
        "peak_level": (0.8, 0.95),
        "floor_level": (0.05, 0.2),
        "contrast": (0.18, 0.22),
        "blur": (0.25, 0.35),
        "entropy": (6.5, 7.5),
        "aspect": (1, 1),
    }
    for name, (low, high) in usual.items():
        images[name] = rng.uniform(low, high, n)
    images["path"] = [f"{rng.integers(2**40):010x}.png" for _ in range(n)]
    images["width"] = images["height"] = rng.integers(90, 110, n)
    images["pixels"] = (images["width"] * images["height"]).astype(float)
    images["bytes"] = rng.integers(9_000, 11_000, n)
    for name, blank in {
        "defect": "",
        "decoders": "",
        "private": "",
        "transparent": False,
        "trailing": 0,
        "survives": np.nan,
    }.items():
        images[name] = blank
    images["format"], images["mode"] = "PNG", "RGB"
    return images.sort_values("path", ignore_index=True)


def some(images, share, seed, mask=None):
    """Rows that make up a share of the images, or of those in a mask; more of them hold all of fewer."""
    rows = np.flatnonzero(np.ones(len(images), bool) if mask is None else mask)
    return np.random.default_rng([seed, 2]).permutation(rows)[: round(share * len(rows))]


def column(most=0.2, **values):
    """A fault that sets columns of a share of the rows."""

    def plant(strength, seed):
        images = base(seed)
        for name, value in values.items():
            images.loc[some(images, most * strength, seed), name] = value
        return scan(images, seed=seed)

    return plant


def described(images, descriptor, seed):
    return scan(images, descriptor, seed=seed)


def noise(images, seed, columns=16):
    return np.random.default_rng([seed, 3]).normal(size=(len(images), columns))


def counts(of):
    """A fault in the number of images."""
    return lambda strength, seed: scan(base(seed, of(strength)), seed=seed)


def paired(across):
    """Rows that are byte for byte those of another row: of the same split and class, of another class, or of another split."""

    def plant(strength, seed):
        images = base(seed)
        first = some(images, 0.2 * strength, seed, (images["split"] == "train") & (images["label"] == "cat"))
        wanted = {"copy": ("train", "cat"), "label": ("train", "dog"), "split": ("test", "cat")}[across]
        second = np.flatnonzero((images["split"] == wanted[0]) & (images["label"] == wanted[1]))[
            -len(first) or len(images) :
        ]
        second = second[~np.isin(second, first)][: len(first)]
        for name in ("sha256", "pixel_digest", "phash"):
            images.loc[second, name] = images.loc[first[: len(second)], name].to_numpy()
        found = scan(images, seed=seed)
        del found.groups, found.unique  # so that they follow from the duplicates
        return found

    return plant


def near(strength, seed):
    """Pictures of which some are there once more, saved again."""
    files = {f"train/cat/{i:03d}.png": scene(1000 * seed + i) for i in range(24)}
    files |= {f"train/cat/again-{i:03d}.jpg": scene(1000 * seed + i) for i in range(round(8 * strength))}
    from tests.evidence.scenes import encoded

    return scan_of(
        {path: encoded(picture, "JPEG" if path.endswith("jpg") else "PNG") for path, picture in files.items()}
    )


def grouped(strength, seed):
    images = base(seed)
    images["group"] = [f"{s}-{i // 4}" for i, s in enumerate(images["split"])]
    moved = some(images, 0.5 * strength, seed, images["split"] == "test")
    images.loc[moved, "group"] = images.loc[images["split"] == "train", "group"].to_numpy()[: len(moved)]
    return scan(images, seed=seed, groups=pd.factorize(images["group"])[0])


def label_names(strength, seed):
    images = base(seed)
    images.loc[some(images, 0.3 * strength, seed, images["label"] == "cat"), "label"] = "Cat "
    return scan(images, seed=seed)


def group_names(strength, seed):
    images = base(seed)
    images["group"] = [f"P{i % 60}" for i in range(len(images))]
    rows = some(images, 0.3 * strength, seed)
    images.loc[rows, "group"] = "P0" + images.loc[rows, "group"].str[1:]
    return scan(images, seed=seed)


def property_shift(strength, seed):
    images = base(seed)
    images["noise"] += 4 * strength * (images["split"] == "test")
    return scan(images, seed=seed)


def content_shift(strength, seed):
    images = base(seed)
    descriptor = noise(images, seed)
    descriptor[:, 2] += 4 * strength * (images["split"] == "test").to_numpy()
    return described(images, descriptor, seed)


def class_content_shift(strength, seed):
    images = base(seed)
    descriptor = noise(images, seed)
    descriptor[:, 1] += 6 * strength * ((images["split"] == "test") & (images["label"] == "dog")).to_numpy()
    return described(images, descriptor, seed)


def label_error(strength, seed):
    """Labels that were exchanged, and a reviewer who has looked at every second image."""
    images = base(seed)
    right = (images["label"] == "dog").to_numpy(int)
    flipped = some(images, 0.15 * strength, seed)
    images.loc[flipped, "label"] = np.where(right[flipped], "cat", "dog")
    images["auditor_label_answer"] = "right"
    images.loc[flipped, "auditor_label_answer"] = "wrong"
    images.loc[1::2, "auditor_label_answer"] = ""
    rng = np.random.default_rng([seed, 4])
    dog = 1 / (1 + np.exp(-rng.normal(np.where(right, 3, -3), 1)))
    found = scan(images, seed=seed)
    given = (images["label"] == "dog").to_numpy(int)
    values = np.column_stack([1 - dog, dog])
    hit = values.argmax(axis=1) == given
    balanced = float(np.mean([hit[given == k].mean() for k in (0, 1)]))
    known = Probabilities(
        np.arange(len(images)), ("cat", "dog"), given, values, balanced, left_out=0, models=("a model",)
    )
    found.probabilities = known
    return found


def outlier(strength, seed):
    images = base(seed)
    descriptor = noise(images, seed)
    far = some(images, 0.1 * strength, seed)
    descriptor[far] = 30 * np.random.default_rng([seed, 5]).normal(size=(len(far), descriptor.shape[1]))
    return described(images, descriptor, seed)


def shortcut(strength, seed):
    images = base(seed)
    images.loc[some(images, strength, seed, images["label"] == "dog"), "bytes"] = 20_000
    return scan(images, seed=seed)


def order(strength, seed):
    """Pictures that come in bursts of five that look alike."""
    images = base(seed).sort_values(["split", "label", "path"], ignore_index=True)
    images["path"] = [
        f"{s}/{c}/{i:05d}.png" for i, (s, c) in enumerate(zip(images["split"], images["label"], strict=True))
    ]
    images = images.sort_values("path", ignore_index=True)
    burst = np.repeat(np.random.default_rng([seed, 6]).normal(size=(len(images) // 5, 16)), 5, axis=0)
    return described(images, noise(images, seed) + 1.5 * strength * burst, seed)


def small(strength, seed):
    images = base(seed)
    for name in ("width", "height"):
        images[name] = (images[name] * (1 - 0.9 * strength)).astype(int)
    images["pixels"] = (images["width"] * images["height"]).astype(float)
    return scan(images, seed=seed)


PLANTS = {
    "unreadable": column(status="unreadable", defect="not-an-image", reason="not an image"),
    "truncated": column(defect="cut-short", survives=0.5),
    "wrong-extension": column(format="JPEG"),
    "animated": column(animated=True),
    "colour-mode": column(mode="CMYK"),
    "bit-depth": column(bits=16),
    "orientation": column(orientation=6),
    "decoder-mismatch": column(decoders="OpenCV: refused"),
    "privacy": column(private="gps"),
    "dark": column(peak_level=0.1),
    "bright": column(floor_level=0.99),
    "low-contrast": column(contrast=0.005),
    "blurry": column(blur=0.9),
    "low-information": column(entropy=0.02),
    "odd-size": column(most=0.04, pixels=16.0),
    "odd-aspect": column(most=0.04, aspect=12.0),
    "exact-duplicate": paired("copy"),
    "near-duplicate": near,
    "conflicting-labels": paired("label"),
    "split-leak": paired("split"),
    "group-leak": grouped,
    "class-imbalance": counts(lambda s: {"train": {"cat": 300, "dog": round(300 * 0.03**s)}}),
    "rare-class": counts(lambda s: {"train": {"cat": 150, "dog": round(150 * 0.03**s)}}),
    "test-too-small": counts(
        lambda s: {"train": {"cat": 50, "dog": 50}, "test": {"cat": 300, "dog": round(300 * 0.02**s)}}
    ),
    "empty-class": lambda s, seed: scan(
        base(seed), empty=tuple(("train", f"class {k}") for k in range(round(4 * s))), seed=seed
    ),
    "label-names": label_names,
    "group-names": group_names,
    "unlabelled": column(label=""),
    "label-shift": counts(
        lambda s: {
            "train": {"cat": 300, "dog": 300},
            "test": {"cat": 300 - round(250 * s), "dog": 300 + round(250 * s)},
        }
    ),
    "property-shift": property_shift,
    "content-shift": content_shift,
    "class-content-shift": class_content_shift,
    "unseen-class": counts(
        lambda s: {
            "train": {"cat": 100, "dog": 100},
            "test": {"cat": 100, "dog": 100} | ({"eel": round(60 * s)} if s else {}),
        }
    ),
    "label-error": label_error,
    "outlier": outlier,
    "shortcut": shortcut,
    "collection-order": order,
    "scaling": column(bits=16),
    "resize": small,
}
