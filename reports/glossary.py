"""Words of the report, for readers who are no statisticians."""

from __future__ import annotations

#: Term and meaning, in the order of the alphabet.
GLOSSARY: dict[str, str] = {
    "Accuracy": (
        "The share of images whose class was named correctly. It hides rare classes: answering the largest class every time can score high."
    ),
    "Augmentation": "Making further training images from present ones by turning, cropping or recolouring them a little.",
    "Balanced accuracy": "The mean of the recalls of all classes, so that a rare class counts as much as a large one.",
    "Baseline": "A small, plain model that is trained to learn about the data, not to be used.",
    "Confusion matrix": "A table of true classes (rows) against predicted ones (columns). What is off the diagonal is a mistake.",
    "Cramér's V": "The strength of a link between two kinds of categories, from 0 (none) to 1.",
    "Duplicate set": "Images that are the same picture, byte for byte, pixel for pixel, or nearly (another size or compression).",
    "Effect": "How large something is, in a unit one can compare with a threshold.",
    "Evenness": (
        "Shannon evenness of the class sizes: 1 where all classes are of one size, towards 0 where one class has nearly everything."
    ),
    "Expected calibration error": "How far the model's confidence is from its accuracy, on average.",
    "F1": "The harmonic mean of precision and recall. Macro F1 is its mean over classes.",
    "Fingerprint": "A digest of the paths, labels and bytes of the data. Two audits with one fingerprint looked at the same data.",
    "Group": "Images that belong together, such as those of one patient or slide. They must be in one split.",
    "Imbalance ratio": "Images of the largest class for each image of the smallest.",
    "Interval": "The range in which the true value lies, 95 times out of 100. More data makes it narrower.",
    "Kolmogorov-Smirnov distance": (
        "The largest difference between two distributions, from 0 (alike) to 1 (no overlap): the share of images that would have to change."
    ),
    "Leak": (
        "A picture, or one of its group, that is in training and in validation or test: the model is then tested on what it has seen."
    ),
    "Overfitting": "Learning the training images by heart: training scores go on rising while validation scores do not.",
    "Perceptual hash": (
        "A short number that stays nearly the same when a picture is resized or compressed. Hashes a few bits apart are near duplicates."
    ),
    "Precision": "Of the images that were called a class, the share that are of it.",
    "q-value": "A p-value adjusted for the number of comparisons in the whole audit (Benjamini-Hochberg). It is shown and never grades.",
    "Recall": "Of the images of a class, the share that were recognised.",
    "Shift": "A difference between splits: in the mix of classes, in what pictures measure, or in what they show.",
    "Split": "Training images teach the model, validation images (val) choose its settings, test images measure it once at the end.",
    "Total variation": (
        "Half the sum of differences of class shares: the share of images whose class would have to change to make two splits alike."
    ),
    "Underfitting": "Not even the training images are learned: the model is too small, or was trained too briefly.",
    "Undecided": "The interval straddles a threshold: there is too little data to say whether this is a problem.",
    "Waived": "Somebody has accepted the finding, with a reason and until a day; it does not count in the verdict.",
}


def terms_in(text: str) -> list[str]:
    """Return the terms that a text uses.

    Examples
    --------
    >>> terms_in("Total variation between train and test")
    ['Total variation']
    """
    low = text.lower()
    return [term for term in GLOSSARY if term.lower() in low]
