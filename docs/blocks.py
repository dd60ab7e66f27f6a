"""The code blocks of a page, and what the page says about running them.

A page speaks to the runner in HTML comments, which readers do not see:

``<!-- not run: reason -->``
    The block below cannot run here, and why; its syntax is checked.
``<!-- exits with 1 -->``
    The block below ends with this status.
``<!-- output -->``
    The ``text`` block below is what the block before it prints; a line ``...`` stands for any lines,
    and ``…`` in a line for any words.
``<!-- with: DATA=photos.csv -->``
    What placeholders stand for, from here on (`PLACEHOLDERS` otherwise).
``<!-- first (bash): commands -->``, ``<!-- first (python): statements -->``
    What readers have already, and the sandbox needs.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt

RUN = ("bash", "python")
#: Languages of a fence that are shown and neither run nor parsed.
SHOWN = ("text", "html", "dockerfile", "{toctree}", "{eval-rst}", "{raw} html")
COMMENT = re.compile(
    r"<!--\s*(not run|exits with|output|with|first \(bash\)|first \(python\)|ci)(?=\W):?\s*(.*?)\s*-->", re.S
)
COMMANDS = ("auditor ", "python ", "pip ", "#")
#: What the capital words of commands stand for in the sandbox.
PLACEHOLDERS = {"DATA": "flowers", "FIELD": "field", "OUT": "auditor-out"}


@dataclass(frozen=True, slots=True)
class Block:
    """A code block of a page."""

    page: str
    line: int
    language: str
    code: str
    status: int = 0
    reason: str = ""  # why it is not run
    output: str | None = None  # what the page says that it prints
    placeholders: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where it stands, as editors understand it."""
        return f"{self.page}:{self.line}"

    @property
    def filled(self) -> str:
        """The code with every placeholder replaced."""
        code = self.code
        for name, value in self.placeholders.items():
            code = re.sub(rf"(?<![\w./-]){re.escape(name)}(?![\w.-])", value, code)
        return code


def language_of(code: str) -> str:
    """The language of an indented block, which cannot name it."""
    lines = [line for line in code.splitlines() if line.strip() and not line.startswith(" ")]
    if all(line.startswith(COMMANDS) for line in lines):
        return "bash"
    if re.match(r"(import|from) \w", code):
        return "python"
    if code.startswith("{"):
        return "json"
    if re.match(r"\[|\w+ = ", code):
        return "toml"
    return "text"


def blocks(text: str, page: str) -> list[Block]:
    """Every code block of a page, in its order, those hidden in comments among them.

    Raises
    ------
    ValueError
        A fence names no language or an unknown one, a comment belongs to no block, or output to no code.
    """
    found: list[Block] = []
    said: dict[str, str] = {}
    placeholders = dict(PLACEHOLDERS)
    for token in MarkdownIt().enable("table").parse(text):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "html_block":
            for kind, words in COMMENT.findall(token.content):
                if kind == "with":
                    placeholders = placeholders | dict(pair.split("=", 1) for pair in words.split())
                elif kind.startswith("first"):
                    found.append(Block(page, line, kind[7:-1], words + "\n", placeholders=placeholders))
                else:
                    said[kind] = words or "yes"
        elif token.type in ("fence", "code_block"):
            language = token.info.strip() or "" if token.type == "fence" else language_of(token.content)
            if language not in (*RUN, "json", "toml", "yaml", *SHOWN):
                raise ValueError(
                    f"{page}:{line}: a fence of a known language expected, came {language!r}: say it, "
                    f"or 'text'"
                )
            if "output" in said and language == "text":
                if not found or found[-1].language not in RUN:
                    raise ValueError(f"{page}:{line}: output of which block?")
                last = found[-1]
                found[-1] = Block(
                    last.page,
                    last.line,
                    last.language,
                    last.code,
                    last.status,
                    last.reason,
                    token.content,
                    last.placeholders,
                )
            else:
                reason = said.get("not run") or ("run by .ci/run" if "ci" in said else "")
                found.append(
                    Block(
                        page,
                        line,
                        language,
                        token.content,
                        int(said.get("exits with", 0)),
                        reason,
                        None,
                        placeholders,
                    )
                )
            said = {}
        elif said and token.type == "heading_open":
            raise ValueError(
                f"{page}:{line}: a comment for the runner belongs directly above a block: {said}"
            )
    return found


def parse_fault(block: Block) -> str:
    """What is wrong with a block that is parsed only; blank if nothing is."""
    import yaml

    try:
        if block.language == "python":
            compile(block.code, block.place, "exec")
        elif block.language == "json":
            json.loads(block.code)
        elif block.language == "toml":
            tomllib.loads(block.code)
        elif block.language == "yaml":
            yaml.safe_load(block.code)
    except (SyntaxError, ValueError, yaml.YAMLError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def matches(expected: str, printed: str) -> bool:
    """Whether what was printed is what the page shows; a line ``...`` stands for any lines."""

    def lines(text: str) -> list[str]:
        return [line.rstrip() for line in text.strip().splitlines()]

    pattern = "".join(
        r"(?:.*\n)*" if line == "..." else re.escape(line).replace("…", ".*") + "\n"
        for line in lines(expected)
    )
    return re.fullmatch(pattern, "\n".join(lines(printed)) + "\n") is not None


def pages(root: Path) -> list[Path]:
    """Every page with code: the guide, the README and what is beside it."""
    docs = (
        p for p in sorted((root / "docs").rglob("*.md")) if "_demo" not in p.parts and p.name != "commands.md"
    )
    return [root / "README.md", root / "CONTRIBUTING.md", *docs]
