"""The names that people give to the folders, files and column values of a split."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Names that mean a split, in lower case.
SPLIT_NAMES = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
}
#: The same as parts of longer names: Food-11 calls its test split ``evaluation``.
SPLIT_WORDS = {
    **SPLIT_NAMES,
    **dict.fromkeys(("evaluation", "eval", "holdout"), "test"),
    **dict.fromkeys(("devel", "development", "validate"), "val"),
}
#: Words beside the split's own that say nothing: ``train_set``, ``images_train``, ``seg_train``,
#: ``train_final``.
COMPANIONS = frozenset(
    [
        "set",
        "sets",
        "data",
        "dataset",
        "datasets",
        "split",
        "splits",
        "image",
        "images",
        "img",
        "imgs",
        "im",
        "picture",
        "pictures",
        "photo",
        "photos",
        "pic",
        "pics",
        "folder",
        "dir",
        "seg",
        "final",
        "new",
        "small",
        "full",
        "part",
        "batch",
        "v",
        "ver",
        "version",
        "jpg",
        "jpeg",
        "png",
        "jpegs",
        "pngs",
        "crop",
        "crops",
        "cropped",
        "resized",
        "sample",
        "samples",
        "stage",
        "raw",
        "the",
        "all",
    ]
)
#: Words that name something beside the pictures of a split: masks and annotations are pictures too.
OTHERS = frozenset(
    [
        "mask",
        "masks",
        "label",
        "labels",
        "annotation",
        "annotations",
        "annot",
        "gt",
        "groundtruth",
        "segmentation",
        "segmentations",
    ]
)


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.findall(r"[^\W\d_]+", spaced.lower())


def names_other(name: str) -> bool:
    """Whether a folder's name means what lies beside the pictures: masks, annotations."""
    return bool(OTHERS & set(_words(name)))


def _glued(word: str) -> str:
    """Return the split of a word such as ``trainset`` or ``testdata``."""
    return next(
        (
            split
            for name, split in SPLIT_WORDS.items()
            if word.startswith(name) and word[len(name) :] in COMPANIONS
        ),
        "",
    )


def _split_and_rest(name: str) -> tuple[str, frozenset[str]]:
    """Return the split that a name means, if it means one alone, and the words beside it that mean
    something."""
    words = _words(name)
    splits = {word: SPLIT_WORDS.get(word) or _glued(word) for word in words}
    found = {split for split in splits.values() if split}
    rest = frozenset(word for word, split in splits.items() if not split and word not in COMPANIONS)
    return (found.pop(), rest) if len(found) == 1 and not OTHERS & set(words) else ("", rest)


def split_of(name: str) -> str:
    """Return the split that a name means by itself, or "".

    Examples
    --------
    >>> [split_of(n) for n in ("Train_Set", "train2017", "seg_train", "images-test", "evaluation")]
    ['train', 'train', 'train', 'test', 'test']
    >>> [split_of(n) for n in ("trainer", "train_station", "train_masks", "train_test", "contest", "cat")]
    ['', '', '', '', '', '']
    """
    split, rest = _split_and_rest(name)
    return "" if rest else split


def split_folders(names: Iterable[str]) -> dict[str, str]:
    """Return which of some sibling folders mean a split; a word of their own may be beside it where two
    splits share it.

    Examples
    --------
    >>> split_folders(["flowers_train", "flowers_test", "readme"])
    {'flowers_train': 'train', 'flowers_test': 'test'}
    >>> split_folders(["train_station", "bus_stop"])
    {}
    """
    parsed = {name: _split_and_rest(name) for name in names}
    shared: dict[frozenset[str], set[str]] = {}
    for split, rest in parsed.values():
        if split:
            shared.setdefault(rest, set()).add(split)
    return {
        name: split for name, (split, rest) in parsed.items() if split and (not rest or len(shared[rest]) > 1)
    }
