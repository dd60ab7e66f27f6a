"""What the commands of the terminal have in common: options become objects, results and errors become lines."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO, cast

import click

from auditor.console import Console, MayBeClosed, printable, show_plugin_warnings
from auditor.errors import AuditorError
from auditor.process import settle

if TYPE_CHECKING:
    from auditor.baseline import TrainOptions
    from auditor.commands.audit import Audit
    from auditor.commands.config import Config
    from auditor.commands.opening import ColumnNames
    from auditor.commands.options import ScanOptions
    from auditor.commands.reuse import ScanRequest
    from auditor.dataset import Dataset


def read_config(
    config: str | None, settings: tuple[str, ...], select: tuple[str, ...], ignore: tuple[str, ...]
) -> Config:
    """Return the settings of a file, with what the command line says over them."""
    import dataclasses

    from auditor.commands.config import load_config

    def codes(given: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(code.strip() for words in given for code in words.split(",") if code.strip())

    loaded = load_config(config)
    return dataclasses.replace(
        loaded, select=codes(select) or loaded.select, ignore=codes(ignore) or loaded.ignore
    ).with_settings(settings)


def read_scanning(options: dict[str, Any], time_budget: float | None = None) -> ScanOptions:
    """Take the options of reading images out of a command's options."""
    from auditor.commands.options import ScanOptions

    names = ("jobs", "engine", "scheduler", "timeout", "rehash", "decoders")
    return ScanOptions(**{n: options.pop(n) for n in names}, time_budget=time_budget)


def read_columns(options: dict[str, Any]) -> ColumnNames:
    """Take the names of a table's columns out of a command's options."""
    return cast(
        "ColumnNames", {name: options.pop(name) for name in ("label", "split", "group", "path", "root")}
    )


def open_and_say(data: str, options: dict[str, Any]) -> Dataset:
    """Open the data, and say how it was understood before anything is measured.

    The names of columns stay in the options: the commands of fixes carry them.
    """
    from auditor.commands.opening import open_data

    columns = read_columns(dict(options))
    columns["unlabelled"] = options["unlabelled"]
    dataset = open_data(data, field=options.pop("field"), **columns)
    for line in dataset.understood():
        print(printable(line), flush=True)
    return dataset


def make_request(output: str, options: dict[str, Any], console: Console) -> ScanRequest:
    """Return what scanning or taking up a scan needs, from a command's options."""
    from auditor.commands.reuse import ScanRequest

    return ScanRequest(
        output=output, scanning=read_scanning(options), seed=options.pop("seed"), listeners=console.listeners
    )


def prepare_workers() -> None:
    """Fork the spawner of workers before anything large is loaded; this command needs its imports too."""
    from auditor.scanning.worker_spawner import prepare

    prepare()


def measure_terminal() -> dict[str, Any]:
    """Return the width of the terminal and whether it shows colours; neither where a file or a pipe reads."""
    import os
    import shutil

    if not sys.stdout.isatty():
        return {"width": 0, "colour": False}
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return {"width": shutil.get_terminal_size().columns, "colour": not plain}


def conclude(audit: Audit, output: str, fail_on: str, config: Config, verbose: bool) -> NoReturn:
    """Print what was found, what to type and the verdict, and leave with the exit status."""
    import datetime

    from auditor.commands.config import expired
    from auditor.reports.terminal import conclusion

    facts = audit.record.dataset
    measured = facts.images - facts.unreadable - facts.unmeasured
    skipped = f" + {facts.unmeasured:,} left out by the time budget" if facts.unmeasured else ""
    files = facts.images + facts.ignored
    print(
        f"{files:,} files = {measured:,} measured + {facts.unreadable:,} unreadable"
        f" + {facts.ignored:,} left out{skipped}\n"
    )
    print("\n".join(conclusion(audit.record, paragraphs=verbose, **measure_terminal())))
    print(printable(f"report: {Path(output) / 'report.html'}"))
    failing = audit.failing(fail_on)
    for finding in failing:
        print(printable(f"auditor: {finding.severity}, {finding.id}: {finding.title}"), file=sys.stderr)
    old = expired(config.waivers, datetime.datetime.now(datetime.UTC).date())
    for name, waiver in old.items():
        ended = (
            f"auditor: the waiver of '{name}' ended on {waiver.expires} ({waiver.owner}):"
            " renew it or mend the data"
        )
        print(printable(ended), file=sys.stderr)
    sys.exit(1 if failing or old else 0)


class Commands(click.Group):
    """The commands; data in place of one is answered with the command that scans it."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first argument names."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            from auditor.commands.opening import is_data

            if is_data(name):
                typed = shlex.join(["auditor", "scan", *args])
                raise click.UsageError(f"'{name}' is data, not a command: {typed} scans it.", ctx)
        return super().resolve_command(ctx, args)


def read_training(options: dict[str, Any], seed: int) -> TrainOptions:
    """Take the options of training out of a command's options; those not given keep their defaults."""
    import dataclasses

    from auditor.baseline import TrainOptions

    names = [f.name for f in dataclasses.fields(TrainOptions) if f.name in options and f.name != "seed"]
    given = {n: value for n in names if (value := options.pop(n)) is not None}
    return TrainOptions(seed=seed, **given)


def format_estimate(value: dict[str, float]) -> str:
    """Return an estimate with its interval, as in ``0.812 [0.770 to 0.849]``."""
    return f"{value['value']:.3f} [{value['low']:.3f} to {value['high']:.3f}]"


def print_trials(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a table of what was tried, an estimate with its interval per column."""
    if rows:
        print(f"{title}:")
    for row in rows:
        name, *cells = [
            f"{k} {format_estimate(v) if isinstance(v, dict) else v}"
            for k, v in row.items()
            if k not in ("recommended", "id")
        ]
        print(printable(f"{'recommended' if row.get('recommended') else '':>13}  {name}: {', '.join(cells)}"))


def run_group(group: click.Group) -> None:
    """Run the command that the process was started with; every error is one line on stderr and status 2."""
    settle()
    show_plugin_warnings()
    stdout, stderr = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = cast(TextIO, MayBeClosed(stdout)), cast(TextIO, MayBeClosed(stderr, OSError))
    try:
        _run(group)
    finally:
        sys.stdout.flush()  # here, where a reader who has left is no error
        sys.stdout, sys.stderr = stdout, stderr


def _run(group: click.Group) -> None:
    try:
        group.main(standalone_mode=False)
    except AuditorError as error:
        _leave(str(error))
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.Abort:
        print(
            "auditor: stopped; what was measured is kept, and the next run goes on from there",
            file=sys.stderr,
        )
        sys.exit(130)
    except click.ClickException as error:
        context = error.ctx if isinstance(error, click.UsageError) else None
        command = f"auditor {context.info_name}" if context is not None and context.parent else "auditor"
        _leave(f"{error.format_message()} See '{command} --help'.")
    except OSError as error:
        problem = f"{error.strerror or error}" + (f" ({error.filename})" if error.filename else "")
        _leave(
            f"expected files that can be read and written; received {problem}; hint: mend it and run again,"
            " what was done is kept"
        )
    except (MemoryError, RecursionError, ImportError) as error:
        _leave(
            f"expected input and memory that suffice; received {type(error).__name__} ({error}); hint: "
            f"free memory,"
            " or look for a file that is nested without end; what was done is kept"
        )


def _leave(message: str) -> NoReturn:
    print("auditor: " + printable(" ".join(message.split())), file=sys.stderr)
    sys.exit(2)
