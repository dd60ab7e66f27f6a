"""Write docs/checks.md from the checks themselves: ``python docs/make_checks.py`` (``--check`` only says whether it is current,
``--plugins`` prints the sections of the checks that installed plug-ins bring).

What a check means, its thresholds with their sources, why it matters and how to fix it are read from its
source file, so that they are written down once. Only what it cannot see is said here.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
import textwrap
from pathlib import Path

from auditor.checks import CHECKS, Check, every_check
from auditor.checks.base import option_name

TARGET = Path(__file__).with_name("checks.md")

#: Families in the order of the page, with the codes that belong to them.
FAMILIES = {
    "Files": "unreadable truncated wrong-extension animated colour-mode bit-depth orientation decoder-mismatch privacy",
    "Pictures": "dark bright low-contrast blurry low-information odd-size odd-aspect",
    "Duplicates and leaks": "exact-duplicate near-duplicate conflicting-labels split-leak group-leak",
    "Classes and sufficiency": "class-imbalance rare-class test-too-small empty-class label-names group-names unlabelled",
    "Mismatch between splits": "label-shift property-shift content-shift class-content-shift unseen-class",
    "Labels, outliers, shortcuts": "label-error outlier shortcut collection-order",
    "Before training": "scaling resize",
}

#: What each check cannot see.
LIMITS = {
    "unreadable": "A file that decodes may still be damaged in the middle of its data; `truncated` sees what can be seen of that.",
    "truncated": "Damage that leaves a valid stream of data (a few changed bytes inside a JPEG) is seen by no decoder.",
    "wrong-extension": "Compares the name with the content; it does not ask whether a program would mind.",
    "animated": "Only the first frame of an animation is measured.",
    "colour-mode": "A grey picture saved as RGB counts by its pixels, one with a faint tint does not.",
    "bit-depth": "Reads the header. A 16-bit file that holds 8-bit values is told from its values only where they are all multiples.",
    "orientation": "Only the EXIF tag is read: a picture that was turned before it was saved looks upright to it.",
    "decoder-mismatch": "Without a scan by every decoder it goes by features of the file that decoders are known to treat differently.",
    "privacy": "Reads metadata alone: faces, number plates and names in the picture are not looked for.",
    "dark": "A night photo is dark by right: it lists, you decide.",
    "bright": "A picture on white ground is bright by right: it lists, you decide.",
    "low-contrast": "Fog and X-rays have little contrast by right: it lists, you decide.",
    "blurry": "A smooth subject looks like a blurred one. Large images are measured at a reduced scale, where slight blur vanishes.",
    "low-information": "Judges the variety of grey levels, not the content.",
    "odd-size": "Odd is against the rest of this data set: where all are too small, none is odd.",
    "odd-aspect": "Odd is against the rest of this data set.",
    "exact-duplicate": "Same bytes or same pixels; a single changed pixel makes a near duplicate.",
    "near-duplicate": "Crops of much more than 5 %, other backgrounds and new photos of the same object are beyond it.",
    "conflicting-labels": "Only images with a twin can conflict; `label-error` looks at the others.",
    "split-leak": "As good as the duplicates it is given; different photos of one subject leak too, which only groups can tell.",
    "group-leak": "Needs groups; those inferred from names and times are marked as inferred.",
    "class-imbalance": "Says how uneven the classes are, not how hard they are: a rare class can be easy.",
    "rare-class": "Counts images, not their variety: a hundred frames of one film are one scene.",
    "test-too-small": "The half-width holds for images drawn at random; groups are allowed for by a design effect.",
    "empty-class": "Knows a class only by its folder or by another split.",
    "label-names": "Spelling alone: two names for one thing that look nothing alike are missed.",
    "group-names": "Spelling alone: one patient under two numbers is not seen.",
    "unlabelled": "Cannot tell whether labels exist elsewhere; `--unlabelled` says that none are meant.",
    "label-shift": "Compares shares of classes, not what is in them.",
    "property-shift": "Sees what is measured: a change of subject with the same light, size and sharpness goes by unseen.",
    "content-shift": "Sees what the offline descriptor sees: layout, edges and colours of a thumbnail.",
    "class-content-shift": "Small classes have wide intervals and stay undecided.",
    "unseen-class": "Goes by names; see `label-names` for spelling.",
    "label-error": (
        "The models are simple and see a thumbnail: with subtle classes the bound is far above the truth, or no list is given. Errors "
        "that follow a rule (all of one kind under another name) are learned, not found, and the bound does not hold for them: only a look "
        "at random pictures finds those."
    ),
    "outlier": (
        "Strange means far from the rest in layout, edges and colours of a thumbnail. In varied photos nearly everything is far from the "
        "rest, and only gross strangers are found; a large group of strangers keeps itself company."
    ),
    "shortcut": (
        "It tells what is predictive, not what is unjust: size is a shortcut for cells cut out by their outline, and colour can be what "
        "defines a class. Shortcuts inside the picture other than colour and border (a watermark, a ruler) are not looked for."
    ),
    "collection-order": "Goes by file names: where these are random, bursts are seen only by `near-duplicate`.",
    "scaling": "Statistics are taken at the scale of the scan, where deviations are slightly smaller than at full size.",
    "resize": "Goes by the sizes of the files, not by the size of the objects in them.",
}


#: How each check measures what it grades: from which facts of the scan, by which statistic, over which
#: images.
MEASURED = {
    "unreadable": (
        "Each file is decoded once, in a process that may die of it. Counted is the share of all files found that gave no picture, by "
        "reason; bytes behind a picture, checksums and data that decoders forgive are counted from the structure of the file."
    ),
    "truncated": (
        "From the end that the structure of a format promises (chunks, boxes, directories, end markers) and from what libjpeg says while "
        "decoding. Counted is the share of the files; the rows that survive are decoded for JPEG and PNG."
    ),
    "wrong-extension": "The first bytes of the content are compared with the formats that the extension stands for; counted as a share.",
    "animated": "Frames are counted from the container (GIF, APNG, WebP, AVIF, TIFF) without decoding them; counted as a share.",
    "colour-mode": "The mode in the header (grey, RGB, CMYK, palette, transparency) against the most frequent one; counted as shares.",
    "bit-depth": "Bits per channel in the header; counted as a share of the readable images.",
    "orientation": "The EXIF orientation tag; counted as the share of images for which it is not 1.",
    "decoder-mismatch": (
        "Rules on header facts say which of TensorFlow, OpenCV and Keras refuse a file or see another size, number of channels or "
        "orientation; `--decoders all` decodes with them instead. Counted as a share."
    ),
    "privacy": "GPS positions and serial numbers of cameras and lenses in EXIF; counted as a share.",
    "dark": "The 99th percentile of luma (ITU-R BT.601) of each picture, as a share of white; counted are those below the limit.",
    "bright": "The 1st percentile of luma of each picture, as a share of white; counted are those above the limit.",
    "low-contrast": "RMS contrast (standard deviation of luma, a share of white) of each picture; counted are those below the limit.",
    "blurry": (
        "The perceptual blur metric of Crete et al. (2007): how little the differences of neighbouring pixels shrink when the picture is "
        "blurred once more; counted are those above both limits."
    ),
    "low-information": "Shannon entropy of the histogram of grey levels, in bits; counted are pictures below the limit.",
    "odd-size": "The square root of width x height against its median, as a factor either way; counted are those beyond the limit.",
    "odd-aspect": "Long side over short side against its median, as a factor either way; counted are those beyond the limit.",
    "exact-duplicate": (
        "SHA-256 of the bytes, then XXH3 (128 bits) of the decoded pixels together with mode and size. Counted is the share of the "
        "readable images that are surplus: all of a set but its representative."
    ),
    "near-duplicate": (
        "Candidates are pairs of like perceptual hashes, under all flips and quarter turns, and nearest neighbours of the descriptor; a "
        "candidate counts if the detail of the two thumbnails correlates after alignment, beyond a threshold that is calibrated on the "
        "nearest pictures of other classes (docs/duplicates.md). The interval runs from copies beyond doubt to all within the threshold."
    ),
    "conflicting-labels": "Duplicate sets, exact and near, whose members have more than one label; the share of labelled images in them.",
    "split-leak": "For each pair of splits, the share of the readable held-out images that have an exact or near copy in the other split.",
    "group-leak": (
        "Images of groups that are in more than one split, as a share of the held-out ones. Without a group column, groups are inferred "
        "from stems of file names, from EXIF time and camera, and from runs of near duplicates."
    ),
    "class-imbalance": (
        "Images of the largest class over those of the smallest, after leaving out surplus copies; beside it normalised Shannon evenness, "
        "the likelihood-ratio imbalance degree, and the effective number of samples. A count has no interval."
    ),
    "rare-class": "Readable training images of each class, surplus copies left out; graded is the smallest number.",
    "test-too-small": (
        "Half the width of Wilson's 95 % interval of a class's recall, at the recall that a trained model has measured or else at the one "
        "assumed, with the images of that class divided by the design effect of their groups; graded is the widest."
    ),
    "empty-class": "Classes that a folder or another split names and that have no readable image, and splits without any; counted.",
    "label-names": "Names that become one when case, blanks, punctuation and look-alike characters (Unicode) are folded; counted.",
    "group-names": "Names that become one when case, blanks, punctuation and leading zeros are folded; counted.",
    "unlabelled": (
        "Images without a label, as a share. Where something hints at labels (other columns, files beside the images, class names in file "
        "names, one class alone) the share is likely missed; where nothing does, it lies between none and all, and so is undecided."
    ),
    "label-shift": (
        "Total variation between the class shares of two splits, less what two samples of that size differ by at random, with a "
        "simultaneous 95 % interval; images of one group count for what the group is worth. Beside it Cramér's V."
    ),
    "property-shift": (
        "Two-sample Kolmogorov-Smirnov distance of every measure, and of a classifier of all of them together on the held-out half, with "
        "Dvoretzky-Kiefer-Wolfowitz intervals that hold for all at once; graded is the largest. Classes are then weighted to one mix to "
        "say how much remains."
    ),
    "content-shift": (
        "Kolmogorov-Smirnov distance of columns of the descriptor, and of the scores of a classifier that has learned to tell the splits "
        "apart on one half and is judged on the other; intervals hold for all at once. Beside it the maximum mean discrepancy with "
        "permutations."
    ),
    "class-content-shift": "As `property-shift` and `content-shift`, within each class of at least ten independent groups a side.",
    "unseen-class": (
        "The share that a class has in one split and lacks in the other, with Miettinen and Nurminen's score interval at a level for all "
        "classes and pairs: what a small split may miss by chance is undecided."
    ),
    "label-error": (
        "Out-of-fold probabilities of logistic regression and nearest neighbours on the descriptor (and of the baseline, where there is "
        "one), with groups and duplicates kept in one fold. What they contradict bounds the share of wrong labels from above. The lower end "
        "counts what is certain: copies with two labels, and labels that a reviewer found wrong. Decisions about a random sample measure "
        "the share and the precision of the list, with intervals that hold however often one looks."
    ),
    "outlier": (
        "Distance of each image's descriptor to its nearest others; graded is the share beyond a fence of quartiles. For held-out splits "
        "the share that is farther from training than 99 % of training images are from the rest, with Wilson's interval."
    ),
    "shortcut": (
        "Balanced accuracy above chance with which each class is told from the others by facts of the file, mean colour, border pixels or "
        "a 4x4 thumbnail alone, cross-validated with groups kept together, beside the same with permuted labels."
    ),
    "collection-order": (
        "Correlation of consecutive pictures, and serial correlation of measures, in the order of file names and within classes, with "
        "intervals over groups."
    ),
    "scaling": "Smallest and largest value, mean and standard deviation of each channel of the training split; bit depths are counted.",
    "resize": "From the sizes of the files: shares that are blown up, squashed, or lose detail at the input size; graded is the largest.",
}


#: What a check puts together as it goes.
FIXES = {
    "resize": "Take the input size that is advised; pad instead of squashing where shapes differ; crop where detail would be lost."
}


def words(node: ast.expr) -> list[str]:
    """Return the texts that an expression can be, with an ellipsis for what is filled in; none where it cannot be told."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        return ["".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)]  # type: ignore[misc]
    if isinstance(node, ast.IfExp):
        return [*words(node.body), *words(node.orelse)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [a + b for a in words(node.left) for b in words(node.right) or [""]]
    return []


def said(tree: ast.Module, called: tuple[str, ...], keyword: str) -> list[str]:
    """Return the distinct texts given as ``keyword`` to functions of some names (any, if none are named)."""
    found: dict[str, None] = {}
    tables = {
        target.id: node.value.values
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for argument in node.keywords:
                if argument.arg == keyword and (not called or name in called):
                    texts = words(argument.value)
                    for part in ast.walk(argument.value) if not texts else ():
                        if isinstance(part, ast.Name):
                            texts += [text for value in tables.get(part.id, ()) for text in words(value)]
                    found.update(dict.fromkeys(" ".join(text.split()) for text in texts if text.strip()))
    return list(found)


def named_effects(tree: ast.Module) -> list[str]:
    """Return the names of the effects that a module grades."""
    first = [
        " ".join(text.split())
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "counted"
        and node.args
        for text in words(node.args[0])
    ]
    return list(dict.fromkeys([*said(tree, ("Effect", "counted"), "name"), *first, *said(tree, (), "what")]))


def sources(check: type[Check]) -> dict[str, str]:
    """Return the comment above each threshold: its source or its reason."""
    notes: dict[str, str] = {}
    comment: list[str] = []
    for line in textwrap.dedent(inspect.getsource(check)).splitlines():
        stripped = line.strip()
        field = re.match(r"(\w+)\s*:[^=]*=", stripped)
        if stripped.startswith("#:"):
            comment.append(stripped[2:].strip())
        elif field:
            notes[field.group(1)] = " ".join(comment)
            comment = []
        elif stripped and not stripped.startswith("#"):
            comment = []
    return notes


def cell(text: object) -> str:
    """Return a text as the cell of a Markdown table."""
    return str(text).replace("|", "\\|").replace("\n", " ")


def section(check: type[Check]) -> str:
    """Return the section of one check."""
    tree = ast.parse(Path(inspect.getfile(check)).read_text(encoding="utf-8"))
    module = " ".join((ast.get_docstring(tree) or "").split())
    own = " ".join(inspect.cleandoc(check.__doc__ or "").split())
    lines = [f"### `{check.code}`", "", own]
    if module.rstrip(".") not in own:
        lines += ["", module]
    how = MEASURED.get(check.code) or str(getattr(check, "measured", ""))
    effects = named_effects(tree)
    if how or effects:
        graded = f"The effect that is graded: {'; '.join(effects)}." if effects else ""
        lines += ["", f"**How it is measured:** {' '.join(filter(None, (how, graded)))}"]
    why = said(tree, (), "why")
    if why:
        lines += ["", f"**Why it matters:** {' '.join(why)}"]
    fixes = [
        *said(tree, ("Fix",), "text"),
        *filter(None, [FIXES.get(check.code)]),
        *said(tree, ("share_finding",), "fix"),
    ]
    if fixes:
        lines += ["", f"**How to fix it:** {' '.join(fixes)}"]
    fields = dataclasses.fields(check)  # type: ignore[arg-type]
    if fields:
        notes = sources(check)
        lines += ["", "| threshold | default | source or reason |", "|---|---|---|"]
        lines += [
            f"| `{option_name(f.name)}` | {cell(f.default)} | {cell(notes.get(f.name, ''))} |" for f in fields
        ]
    limits = LIMITS.get(check.code) or str(getattr(check, "limits", ""))
    if limits:
        lines += ["", f"**Limits:** {limits}"]
    if check.needs:
        lines += ["", f"Needs {' and '.join(sorted(check.needs))}; reported as skipped without."]
    return "\n".join(lines)


def page() -> str:
    """Return the whole page."""
    by_code = {check.code: check for check in CHECKS}
    lines = [
        "# The checks",
        "",
        "<!-- Written by docs/make_checks.py from the checks themselves: change those, then run it. -->",
        "",
        "Every finding is graded from its effect alone: beyond a threshold it is a warning or an error, on the safe side it has passed,",
        "and an interval that straddles the threshold is undecided. Any threshold can be changed:",
        "`--set class-imbalance.warn-ratio=20`, or in `auditor.toml` under `[checks.class-imbalance]`.",
    ]
    listed = [code for codes in FAMILIES.values() for code in codes.split()]
    families = {**FAMILIES, "Others": " ".join(code for code in by_code if code not in listed)}
    for family, codes in families.items():
        present = [by_code[code] for code in codes.split() if code in by_code]
        if present:
            lines += ["", f"## {family}", "", "\n\n".join(section(check) for check in present)]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or say whether it is current, or print what it would say about plug-ins."""
    if "--plugins" in arguments:
        print("\n\n".join(section(check) for check in every_check() if check not in CHECKS))
        return 0
    text = page()
    if "--check" in arguments:
        current = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
        print(
            "docs/checks.md is current"
            if current
            else "docs/checks.md is out of date: run python docs/make_checks.py"
        )
        return 0 if current else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
