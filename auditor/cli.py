"""The command line: one thin command per public function, and no logic of its own.

Exit status: 0 fine; 1 a finding at or above ``--fail-on``, an expired waiver, or a ``verify`` that fails; 2
wrong use or unusable input, with one line on stderr.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import auditor
from auditor.arguments import (
    CHECKING,
    COLUMNS,
    DATA,
    EXPORTS,
    EYES,
    PLAN,
    POLICY,
    QUIET,
    RATIOS,
    SCANNING,
    SEED,
    TARGET,
    TO_FOLDER,
    TRAINING,
    TRIALS,
    UNLABELLED,
    VERBOSE,
    WAY,
    together,
)
from auditor.console import Console, printable
from auditor.terminal import (
    Commands,
    conclude,
    format_estimate,
    make_request,
    measure_terminal,
    open_and_say,
    prepare_workers,
    print_trials,
    read_columns,
    read_config,
    read_scanning,
    read_training,
    run_group,
)

if TYPE_CHECKING:
    pass


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(auditor.__version__, prog_name="auditor")
def cli() -> None:
    """Audit image data sets before training: what is wrong, how sure, and what to type to fix it.

    DATA is a folder of class folders, a folder of train/val/test folders, or a CSV, TSV or Parquet table with
    a path column.
    """


@cli.command(short_help="Scan DATA, run the checks and write the report.")
@DATA
@TO_FOLDER
@together(COLUMNS, UNLABELLED, SCANNING, CHECKING, EYES, SEED, QUIET, VERBOSE)
@click.option(
    "--time-budget",
    type=click.FloatRange(0, min_open=True),
    metavar="MINUTES",
    help="Measure a growing sample, and stop in time.",
)
def scan(
    data: str,
    output: str,
    config: str | None,
    fail_on: str | None,
    no_images: bool,
    quiet: bool,
    verbose: bool,
    **options: Any,
) -> None:
    """Scan DATA, run the checks and write the report. Needs none of the training packages."""
    prepare_workers()
    from auditor.commands.scan import scan as scan_data

    settled = read_config(config, *(options.pop(n) for n in ("settings", "select", "ignore")))
    with Console(quiet=quiet) as console:
        scanning = read_scanning(options, options.pop("time_budget"))
        audit = scan_data(
            open_and_say(data, options),
            output=output,
            config=settled,
            images=not no_images,
            scanning=scanning,
            listeners=console.listeners,
            **options,
        )
        conclude(audit, output, fail_on or settled.fail_on or "never", settled, verbose)


@cli.command(short_help="Do all of it, from the scan to the report.")
@DATA
@TO_FOLDER
@together(
    COLUMNS, UNLABELLED, SCANNING, CHECKING, EYES, SEED, QUIET, VERBOSE, RATIOS, TARGET, POLICY, WAY, TRAINING
)
@click.option(
    "--time-budget",
    type=click.FloatRange(0),
    default=10.0,
    show_default=True,
    metavar="MINUTES",
    help="For training.",
)
def run(
    data: str,
    output: str,
    config: str | None,
    fail_on: str | None,
    no_images: bool,
    quiet: bool,
    verbose: bool,
    **options: Any,
) -> None:
    """Do all of it: scan, check, split, augment the rare classes, train the baseline, report."""
    prepare_workers()
    from auditor.commands.options import AugmentOptions, SplitOptions
    from auditor.commands.run import run as run_all

    settled = read_config(config, *(options.pop(n) for n in ("settings", "select", "ignore")))
    with Console(quiet=quiet) as console:
        audit = run_all(
            open_and_say(data, options),
            output=output,
            config=settled,
            images=not no_images,
            splitting=SplitOptions(ratios=options.pop("ratios")),
            augmenting=AugmentOptions(**{n: options.pop(n) for n in ("target", "policy", "way")}),
            training=read_training(options, options["seed"]),
            scanning=read_scanning(options),
            listeners=console.listeners,
            **options,
        )
        conclude(audit, output, fail_on or settled.fail_on or "never", settled, verbose)


@cli.command(short_help="Plan a split that divides no group and no duplicate set.")
@DATA
@TO_FOLDER
@together(COLUMNS, SCANNING, SEED, QUIET, RATIOS)
@click.option("--folds", type=click.IntRange(2), help="Cross-validation folds instead of three parts.")
@click.option(
    "--stratify", multiple=True, metavar="COLUMN", help="Also keep the mix of this column. Repeatable."
)
@click.option("--by", metavar="COLUMN", help="Order in time: the oldest to train, the newest to test.")
@click.option(
    "--replace", "existing", flag_value="replace", help="Plan all parts anew even where the data has a split."
)
@click.option(
    "--keep-test",
    "existing",
    flag_value="keep-test",
    help="Keep the test split as it is, and plan the rest anew.",
)
@click.option(
    "--repair", is_flag=True, help="Keep the split, but for the fewest moves and drops that end every leak."
)
@click.option(
    "--export",
    type=click.Choice(EXPORTS),
    multiple=True,
    help="Also write it as class folders, or otherwise. Repeatable.",
)
def split(data: str, output: str, quiet: bool, **options: Any) -> None:
    """Plan a stratified split that divides no group and no duplicate set.

    A split that the data has is kept, unless --replace, --ratios, --folds or --by ask for another.
    """
    from auditor.commands.split import split as split_data

    with Console(quiet=quiet) as console:
        plan = split_data(
            data,
            output=output,
            scanning=read_scanning(options),
            listeners=console.listeners,
            **options,
        )
    print(printable(f"   ratios  {plan.facts['ratios_reason']}"))
    for part, counts in plan.facts["counts"].items():
        print(
            printable(
                f"{part:>9}  {sum(counts.values()):,} images: "
                + ", ".join(f"{k} {n:,}" for k, n in counts.items())
            )
        )
    for claim in plan.facts["claims"]:
        print(printable(f"{'holds' if claim['holds'] else 'FAILS':>9}  {claim['name']}: {claim['detail']}"))
    for note in plan.facts["notes"]:
        print(printable(f"     note  {note}"))
    print(f"split: {Path(output) / 'split.csv'}, certificate: {Path(output) / 'split.json'}")


@cli.command(short_help="Recompute every claim of a split's certificate.")
@click.argument("split_file", metavar="SPLIT.csv")
@DATA
@together(COLUMNS, SCANNING, QUIET)
@click.option("-o", "--output", metavar="FOLDER", help="Folder with a scan to use again.")
def verify(split_file: str, data: str, output: str | None, quiet: bool, **options: Any) -> None:
    """Recompute every claim of SPLIT.csv's certificate; exit with 1 naming the first that does not hold."""
    from auditor.commands.verify import verify as verify_claims

    with Console(quiet=quiet) as console:
        claims = verify_claims(
            split_file,
            data,
            output=output,
            scanning=read_scanning(options),
            listeners=console.listeners,
            **options,
        )
    for claim in claims:
        print(printable(f"{'holds' if claim['holds'] else 'FAILS':>9}  {claim['name']}: {claim['detail']}"))
    broken = [claim for claim in claims if not claim["holds"]]
    if broken:
        print(
            printable(f"auditor: '{split_file}' does not hold: {broken[0]['name']}: {broken[0]['detail']}"),
            file=sys.stderr,
        )
        sys.exit(1)


@cli.command(short_help="Write augmented images of the rare training classes.")
@DATA
@TO_FOLDER
@together(COLUMNS, SCANNING, SEED, QUIET, PLAN, TARGET, POLICY)
@click.option(
    "--check-policy",
    "check",
    is_flag=True,
    help="Measure which transforms change the class, and leave those off.",
)
@click.option(
    "--decide",
    is_flag=True,
    help="With --check-policy: train with and without what is undecided. Takes minutes.",
)
@click.option(
    "--without", multiple=True, metavar="TRANSFORM", help="Switch a transform of the policy off. Repeatable."
)
@click.option(
    "--max-multiple",
    type=click.FloatRange(0, min_open=True),
    default=10.0,
    show_default=True,
    help="Most images per unique image.",
)
def augment(data: str, output: str, quiet: bool, plan: str | None, **options: Any) -> None:
    """Write augmented images of the rare training classes, with their parents, transforms and seeds."""
    from auditor.commands.augment import augment as augment_plan
    from auditor.commands.opening import require_packages
    from auditor.commands.split import load_or_plan_split

    require_packages("albumentations")
    with Console(quiet=quiet) as console:
        request = make_request(output, options, console)
        planned, _ = load_or_plan_split(data, request, read_columns(options), plan=plan)
        made = augment_plan(planned, output=output, seed=request.seed, listeners=console.listeners, **options)
    for row in made.facts["checks"]:
        if row["verdict"] != "fine" or not row["label"]:
            moved, of = row["moved"], f" of '{row['label']}'" if row["label"] else ""
            became = f", most become '{row['to']}'" if row["to"] else ""
            interval = f"{moved['value']:.2f} [{moved['low']:.2f} to {moved['high']:.2f}]"
            change = f"{row['transform']} {row['magnitude']}{of}: moves {interval}{became}"
            print(printable(f"{row['verdict']:>9}  {change}"))
    for budget in made.facts["budgets"]:
        more = f"; collect {budget['collect']:,} more" if budget["collect"] else ""
        print(
            printable(f"{budget['label']}: {budget['unique']:,} unique images, {budget['made']:,} made{more}")
        )
    for note in made.facts["notes"]:
        print(printable(note))
    print(f"manifest: {Path(output) / 'augmented.csv'}")


@cli.command(short_help="Train the baseline CNN and diagnose it.")
@DATA
@TO_FOLDER
@together(COLUMNS, SCANNING, SEED, QUIET, PLAN, TARGET, POLICY, WAY, TRAINING, TRIALS)
@click.option("--no-augment", is_flag=True, help="Train without augmenting the rare classes.")
@click.option(
    "--time-budget",
    type=click.FloatRange(0),
    default=10.0,
    show_default=True,
    metavar="MINUTES",
    help="What does not fit is skipped.",
)
def train(
    data: str,
    output: str,
    quiet: bool,
    plan: str | None,
    no_augment: bool,
    time_budget: float,
    **options: Any,
) -> None:
    """Train the baseline CNN and say whether it under- or overfits, and what to try next."""
    from auditor.commands.augment import augment as augment_plan
    from auditor.commands.opening import require_packages
    from auditor.commands.split import load_or_plan_split
    from auditor.commands.train import list_suspected_labels
    from auditor.commands.train import train as train_on

    require_packages("keras", "sklearn", "tensorflow")
    augmenting = {n: options.pop(n) for n in ("target", "policy", "way")}
    settings = read_training(options, options["seed"])
    with Console(quiet=quiet) as console:
        request = make_request(output, options, console)
        planned, evidence = load_or_plan_split(data, request, read_columns(options), plan=plan)
        extra = None if no_augment else augment_plan(planned, seed=request.seed, **augmenting)
        result = train_on(
            planned,
            augment=extra,
            options=settings,
            time_budget=time_budget,
            measures=evidence.images,
            suspects=list_suspected_labels(evidence) if settings.compare else (),
            output=output,
            listeners=console.listeners,
        )
    print(printable(result.facts["summary"]))
    for answer in result.facts["diagnosis"]:
        print(printable(f"{answer['verdict']:>9}  {answer['question']}: {answer['text']}"))
    for number, remedy in enumerate(result.facts["advice"], 1):
        print(printable(f"    try {number}  {remedy}"))
    print_trials("Ways against imbalance", result.facts["comparison"])
    print_trials("Remedies", result.facts["remedies"])
    for row in result.facts["learning_curve"].get("classes", []):
        needed = (
            f"{row['needed'][0]:,} to {row['needed'][1]:,} images"
            if row["verdict"] == "range"
            else row["verdict"]
        )
        print(
            printable(
                f"{row['label']}: recall {format_estimate(row['recall'][-1])}, for the recall asked: {needed}"
            )
        )
    for note in result.facts["notes"]:
        print(printable(f"     note  {note}"))
    print(f"scores: {Path(output) / 'baseline.json'}, model: {Path(output) / 'baseline.keras'}")


@cli.command(short_help="Write the report of an audit again.")
@click.argument("out", metavar="OUT")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="File to write, or a folder for several formats [default: OUT/report.html].",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="FORMAT",
    help="html, json, markdown, junit, github, csv, croissant, data-card.",
)
@click.option("--no-images", is_flag=True, help="No pictures.")
def report(out: str, output: str | None, formats: tuple[str, ...], no_images: bool) -> None:
    """Write the report of an audit again, from its output folder OUT alone; the data is not needed."""
    from auditor.commands.report import report as write_reports

    for file in write_reports(out, output=output, formats=formats, images=not no_images):
        print(file)


@cli.command(short_help="Compare the audits in two output folders.")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("-o", "--output", metavar="FILE", help="File to write: .html, .md or .json.")
@click.option("--ratchet", is_flag=True, help="Exit with 1 if, and only if, something got worse.")
def compare(old: str, new: str, output: str | None, ratchet: bool) -> None:
    """Compare the audits in two output folders: images, measures, findings."""
    from auditor.commands.compare import compare as compare_audits
    from auditor.reports.terminal import comparison_table

    comparison = compare_audits(old, new, output=output)
    print(output or "\n".join(comparison_table(comparison, **measure_terminal())))
    sys.exit(1 if ratchet and comparison.got_worse else 0)


@cli.command(short_help="Write a new manifest from a reviewer's decisions.")
@click.argument("decisions", metavar="DECISIONS")
@click.argument("data", required=False)
@together(COLUMNS, SCANNING, QUIET)
@click.option(
    "-o", "--output", default="clean.csv", show_default=True, metavar="FILE", help="The manifest to write."
)
@click.option(
    "--quarantine", metavar="FOLDER", help="Also move dropped files into this folder, with a journal."
)
@click.option("--new-classes", is_flag=True, help="Images may get a class that the data does not have yet.")
@click.option("--undo", is_flag=True, help="DECISIONS is a quarantine's journal: move its files back.")
def apply(
    decisions: str,
    data: str | None,
    output: str,
    quarantine: str | None,
    undo: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Write a new manifest of DATA with the DECISIONS that a report exported; the originals stay."""
    from auditor.commands.apply import apply as apply_decisions
    from auditor.commands.apply import undo as undo_quarantine
    from auditor.reports.decisions import read_decisions

    if undo:
        print(f"{undo_quarantine(decisions):,} files are back where they were")
        return
    if data is None:
        raise click.UsageError("Missing argument 'DATA'.", click.get_current_context())
    with Console(quiet=quiet) as console:
        manifest, journal = apply_decisions(
            decisions,
            data,
            output=output,
            quarantine=quarantine,
            new_classes=options.pop("new_classes"),
            scanning=read_scanning(options),
            listeners=console.listeners,
            **options,
        )
    made = read_decisions(decisions)
    kept, dropped, relabelled = (len(made.paths(kind)) for kind in ("keep", "drop", "relabel"))
    print(f"{dropped:,} dropped, {relabelled:,} relabelled, {kept:,} kept as they are")
    print(printable(f"manifest: {manifest}" + (f", journal: {journal}" if journal else "")))


@cli.command(short_help="Plant known faults in a copy, and see which are found.")
@DATA
@together(COLUMNS, SEED, QUIET)
@click.option("--config", metavar="FILE", help="Settings [default: auditor.toml here, if there is one].")
@click.option(
    "--set", "settings", multiple=True, metavar="CODE.FIELD=VALUE", help="Change a threshold. Repeatable."
)
@click.option("--sample", type=click.IntRange(40), default=400, show_default=True, help="Images to copy.")
def selftest(data: str, config: str | None, settings: tuple[str, ...], quiet: bool, **options: Any) -> None:
    """Plant known faults in a temporary copy of a sample of DATA, and say which the checks find."""
    from auditor.commands.selftest import selftest as plant_and_find

    settled = read_config(config, settings, (), ())
    with Console(quiet=quiet) as console:
        result = plant_and_find(data, config=settled, listeners=console.listeners, **options)
    print(printable(str(result), lines=True))


@cli.command(short_help="Audit handwritten digits with planted defects.")
@TO_FOLDER
@together(SEED, QUIET)
def demo(output: str, seed: int, quiet: bool) -> None:
    """Audit handwritten digits with planted defects, and count which of them were found."""
    from auditor.commands.demo import demo as demonstrate

    with Console(quiet=quiet) as console:
        audit, table = demonstrate(output=output, seed=seed, listeners=console.listeners)
    print(f"{'planted defect':<48}{'check':<18}{'planted':>8}{'found':>7}{'others named':>14}")
    for row in table.to_dict("records"):
        print(f"{row['defect']:<48}{row['check']:<18}{row['planted']:>8}{row['found']:>7}{row['others']:>14}")
        if row["missed"]:
            print(f"    missed: {row['missed']}")
    print(
        f"found {table['found'].sum()} of {table['planted'].sum()} planted defects; verdict: {audit.verdict}"
    )
    print(f"report: {Path(output) / 'report.html'}")


def main() -> None:
    """Run the command line; every error is one line on stderr and status 2."""
    run_group(cli)


if __name__ == "__main__":
    main()
