"""The page of the commands, made from the command line itself when the site is built (``conf.py``), so that
it cannot fall behind.
"""

from __future__ import annotations

import click

from auditor.cli import cli

HEAD = """# The commands

What `auditor COMMAND --help` says, for all of them. Results go to stdout or into files, progress to stderr. Exit status: 0 fine; 1 a
finding at or above `--fail-on`, an ended waiver, or a `verify` that fails; 2 wrong use or unusable input, with one line that says what was
expected, what came and what to do.
"""


def section(name: str, command: click.Command) -> str:
    """One command: its usage, its sentences and a table of its options."""
    context = click.Context(command, info_name=f"auditor {name}", max_content_width=110)
    usage = " ".join([f"auditor {name}", *command.collect_usage_pieces(context)])
    lines = [f"## `auditor {name}`", "", "```text", usage, "```", "", (command.help or "").strip(), ""]
    records = [
        found for parameter in command.get_params(context) if (found := parameter.get_help_record(context))
    ]
    lines += [
        "| argument or option | meaning |",
        "|---|---|",
        *(f"| `{_cell(option)}` | {_escaped(text)} |" for option, text in records),
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _escaped(text: str) -> str:
    """Plain words as Markdown shows them: brackets are no links, stars no emphasis."""
    return "".join("\\" + letter if letter in "[]<>*_`" else letter for letter in _cell(text))


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(section(name, command) for name, command in sorted(cli.commands.items()))])
