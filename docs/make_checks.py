"""Write docs/checks.md from the checks themselves: ``python docs/make_checks.py`` (``--check`` only says whether it is current,
``--plugins`` prints the sections of the checks that installed plug-ins bring).

What a check means, its thresholds with their sources, why it matters and how to fix it are read from its source file, so that they are
written down once. Only what it cannot see is said here.
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
    "Classes and sufficiency": "class-imbalance rare-class test-too-small empty-class label-names",
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
    "label-shift": "Compares shares of classes, not what is in them.",
    "property-shift": "Sees what is measured: a change of subject with the same light, size and sharpness goes by unseen.",
    "content-shift": "Sees what the offline descriptor sees: layout, edges and colours of a thumbnail.",
    "class-content-shift": "Small classes have wide intervals and stay undecided.",
    "unseen-class": "Goes by names; see `label-names` for spelling.",
    "label-error": (
        "The models are simple and see a thumbnail: subtle classes are withheld or undecided. Errors that follow a rule (all of one kind "
        "under another name) are learned, not found. Errors among look-alikes rank lower than random ones, so the expected precision is an "
        "upper bound, and so is the share of wrong labels where the models err in full confidence."
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
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for argument in node.keywords:
                if argument.arg == keyword and (not called or name in called):
                    found.update(dict.fromkeys(" ".join(text.split()) for text in words(argument.value) if text.strip()))
    return list(found)


def named_effects(tree: ast.Module) -> list[str]:
    """Return the names of the effects that a module grades."""
    first = [
        " ".join(text.split())
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "counted" and node.args
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
    effects = named_effects(tree)
    if effects:
        lines += ["", f"**Measured:** {'; '.join(effects)}."]
    why = said(tree, (), "why")
    if why:
        lines += ["", f"**Why it matters:** {' '.join(why)}"]
    fixes = [*said(tree, ("Fix",), "text"), *said(tree, ("share_finding",), "fix")]
    if fixes:
        lines += ["", f"**How to fix it:** {' '.join(fixes)}"]
    fields = dataclasses.fields(check)  # type: ignore[arg-type]
    if fields:
        notes = sources(check)
        lines += ["", "| threshold | default | source or reason |", "|---|---|---|"]
        lines += [f"| `{option_name(f.name)}` | {cell(f.default)} | {cell(notes.get(f.name, ''))} |" for f in fields]
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
        print("docs/checks.md is current" if current else "docs/checks.md is out of date: run python docs/make_checks.py")
        return 0 if current else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
