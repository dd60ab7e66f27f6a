"""Words of the report, for readers who are no statisticians."""

from __future__ import annotations

import re

#: Term and meaning, in the order of the alphabet.
GLOSSARY: dict[str, str] = {
    "Accuracy": (
        "The share of images whose class was named correctly. It hides rare classes: answering the "
        "largest class every time can score high."
    ),
    "Augmentation": "Making further training images from present ones by "
    "turning, cropping or recolouring them a little.",
    "Balanced accuracy": "The mean of the recalls of all classes, so that "
    "a rare class counts as much as a large one.",
    "Baseline": "A small, plain model that is trained to learn about the data, not to be used.",
    "Calibration": "How well a model's confidence agrees with how often it is right.",
    "Class weights": "Counting the mistakes in rare classes more in training, without more images.",
    "Confusion matrix": "A table of true classes (rows) against predicted ones "
    "(columns). What is off the diagonal is a "
    "mistake.",
    "Cramér's V": "The strength of a link between two kinds of categories, from 0 (none) to 1.",
    "Descriptor": "Numbers computed from a picture's colours and "
    "edges, without any training; pictures are compared "
    "by them.",
    "Design effect": (
        "By how much groups of similar images lessen what a sample is worth: at 2, half as many "
        "independent images would say as much."
    ),
    "Dropout": "Switching off a random part of a network in each "
    "training step, so that it does not learn by heart.",
    "Duplicate set": "Images that are the same picture, byte for byte, "
    "pixel for pixel, or nearly (another size or "
    "compression).",
    "Early stopping": (
        "Ending training when the validation loss no longer falls, and keeping the best weights: a "
        "remedy against overfitting."
    ),
    "Effect": "How large something is, in a unit one can compare with a threshold.",
    "Evenness": (
        "Shannon evenness of the class sizes: 1 where all classes are of one size, towards 0 where one "
        "class has nearly everything."
    ),
    "Expected calibration error": "How far the model's confidence is from its accuracy, on average.",
    "F1": "The harmonic mean of precision and recall. Macro F1 is its mean over classes.",
    "Fingerprint": "A digest of the paths, labels and bytes of the "
    "data. Two audits with one fingerprint looked at the "
    "same data.",
    "Geometric mean": "The root of the product of all recalls: a "
    "single class that is never recognised makes it 0.",
    "Group": "Images that belong together, such as those of one patient or slide. They must be in one split.",
    "Imbalance ratio": "Images of the largest class for each image of the smallest.",
    "Interval": "The range in which the true value lies, 95 times out of 100. More data makes it narrower.",
    "Kolmogorov-Smirnov distance": (
        "The largest difference between two distributions, from 0 (alike) to 1 (no overlap): the share "
        "of images that would have to change."
    ),
    "L1": "A penalty on the size of weights that makes many of them zero: a remedy against overfitting.",
    "L2": "A penalty on the squared size of weights that keeps them small: a remedy against overfitting.",
    "Leak": "A picture, or one of its group, that is in "
    "training and in validation or test: the model is then "
    "tested on what it has seen.",
    "Learning curve": "A score against the number of training images: while it rises, more images help.",
    "Learning rate": "How large the steps of training are: too low and it "
    "does not get there, too high and it does not "
    "settle.",
    "Logit adjustment": "Telling the model in training how frequent each class "
    "is, so that rare classes are not neglected.",
    "Min-max scaling": "Bringing pixels to a range from 0 to 1.",
    "Near duplicate": "The same picture with other bytes: smaller, "
    "compressed again, cropped, turned or brightened.",
    "Outlier": "An image far from every other: another kind of picture, or a damaged one.",
    "Overfitting": "Learning the training images by heart: training scores "
    "go on rising while validation scores do not.",
    "Oversampling": "Showing the images of rare classes more often in training.",
    "Perceptual hash": (
        "A short number that stays nearly the same when a picture is resized or compressed. Hashes a "
        "few bits apart are near duplicates."
    ),
    "Permutation": "Shuffling labels at random to see how large a score chance alone would give.",
    "Precision": "Of the images that were called a class, the share that are of it.",
    "q-value": "A p-value adjusted for the number of comparisons "
    "in the whole audit (Benjamini-Hochberg). It is "
    "shown and never grades.",
    "Rank correlation": "How far two quantities rise together, from -1 to 1, by their order alone.",
    "Recall": "Of the images of a class, the share that were recognised.",
    "Shift": "A difference between splits: in the mix of classes, "
    "in what pictures measure, or in what they show.",
    "Shortcut": (
        "Something that gives the class away and should not matter, such as the file size or the "
        "border. A model may learn it instead."
    ),
    "Split": "Training images teach the model, validation images "
    "(val) choose its settings, test images measure "
    "it once at the end.",
    "Standardisation": "Bringing pixels to mean 0 and standard deviation 1.",
    "Total variation": (
        "Half the sum of differences of class shares: the share of images whose class would have to "
        "change to make two splits alike."
    ),
    "Undecided": "The interval straddles a threshold: there is too little "
    "data to say whether this is a problem.",
    "Underfitting": "Not even the training images are learned: the model "
    "is too small, or was trained too briefly.",
    "Waived": "Somebody has accepted the finding, with a reason and until "
    "a day; it does not count in the verdict.",
    "Wilson interval": "The interval of a share, such as a recall, that is right for small numbers too.",
}


#: Explained, and not marked in sentences: the word is in nearly each of them, and often a verb.
EVERYWHERE = {"Split"}
#: A term, or one of its plurals, as a whole word in any case; of two that begin at one place the longer wins.
#: In ASCII: a long s or a dotless i is another letter, not the s or i of a term.
_LONGEST_FIRST = sorted(GLOSSARY.keys() - EVERYWHERE, key=lambda t: (-len(t), t))
_TERMS = re.compile(
    rf"(?<![\w-])(?:{'|'.join(map(re.escape, _LONGEST_FIRST))})s?(?![\w-])",
    re.I | re.A,
)
_NAMES = {term.lower(): term for term in GLOSSARY}


def with_terms(text: str) -> list[tuple[str, str]]:
    """Return the pieces of a text, each with the term that it is, or with a blank.

    A term is marked where it first occurs.

    Examples
    --------
    >>> with_terms("Leaks and recalls; a leak more")
    [('Leaks', 'Leak'), (' and ', ''), ('recalls', 'Recall'), ('; a leak more', '')]
    """
    pieces: list[tuple[str, str]] = []
    seen: set[str] = set()
    end = 0
    for match in _TERMS.finditer(text):
        low = match.group().lower()
        term = _NAMES.get(low) or _NAMES[low.removesuffix("s")]
        if term in seen:
            continue
        seen.add(term)
        pieces += [(text[end : match.start()], ""), (match.group(), term)]
        end = match.end()
    pieces.append((text[end:], ""))
    return [piece for piece in pieces if piece[0]]


def place_of(term: str) -> str:
    """Return the identifier of a term's entry on the page.

    Examples
    --------
    >>> place_of("Balanced accuracy")
    'term-balanced-accuracy'
    """
    return f"term-{term.lower().replace(' ', '-')}"
