"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from auditor.outputs import OUTPUT

Command = TypeVar("Command", bound=Callable[..., Any])

SEVERITIES = ("never", "undecided", "warning", "error")
EXPORTS = (
    "hardlink",
    "symlink",
    "copy",
    "csv",
    "parquet",
    "jsonl",
    "huggingface",
    "arrays",
    "samples",
    "fiftyone",
    "cleanlab",
)


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return one decorator for several options, the first on top."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


DATA = click.argument("data")
TO_FOLDER = click.option(
    "-o", "--output", default=OUTPUT, show_default=True, metavar="FOLDER", help="Folder for the results."
)
SEED = click.option("--seed", type=int, default=0, show_default=True, help="Seeds everything random.")
VERBOSE = click.option("-v", "--verbose", is_flag=True, help="Say each finding in full.")
QUIET = click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
COLUMNS = together(
    click.option(
        "--label",
        metavar="COLUMN",
        help="Column of a table that holds the class [default: label]. Of a folder: 'filename' takes what "
        "file names begin or end with, 'folder' the folder of each picture.",
    ),
    click.option(
        "--split", metavar="COLUMN", help="Column of a table that holds the split [default: split]."
    ),
    click.option(
        "--group",
        metavar="COLUMN",
        help="Column that names what must stay together: patient, slide [default: group].",
    ),
    click.option(
        "--path",
        metavar="COLUMN",
        help="Column of a table that holds the file of each image [default: path].",
    ),
    click.option(
        "--root", metavar="FOLDER", help="Folder that paths in a table begin in [default: the table's own]."
    ),
)
UNLABELLED = click.option(
    "--unlabelled", is_flag=True, help="No labels are meant: what looks like labels is not used."
)
SCANNING = together(
    click.option("--jobs", type=click.IntRange(1), help="Worker processes [default: one per core]."),
    click.option(
        "--engine",
        type=click.Choice(["local", "dask"]),
        default="local",
        show_default=True,
        help="Where images are read.",
    ),
    click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler to use."),
    click.option(
        "--timeout",
        type=click.FloatRange(0.1),
        default=20.0,
        show_default=True,
        help="Seconds for one image.",
    ),
    click.option("--rehash", is_flag=True, help="Read every file again, changed or not."),
    click.option(
        "--decoders",
        type=click.Choice(["header", "all"]),
        default="header",
        help="How to judge other decoders.",
    ),
)
CHECKING = together(
    click.option(
        "--field",
        metavar="DATA",
        help="Unlabelled images from where the model will be used; compared with every split.",
    ),
    click.option(
        "--decisions", metavar="FILE", help="Decisions of a review: they measure how many labels are wrong."
    ),
    click.option("--config", metavar="FILE", help="Settings [default: auditor.toml here, if there is one]."),
    click.option(
        "--set", "settings", multiple=True, metavar="CODE.FIELD=VALUE", help="Change a threshold. Repeatable."
    ),
    click.option(
        "--select",
        multiple=True,
        metavar="CODE",
        help="Run only these checks. Repeatable, or separated by commas.",
    ),
    click.option(
        "--ignore",
        multiple=True,
        metavar="CODE",
        help="Leave these checks out. Repeatable, or separated by commas.",
    ),
    click.option(
        "--fail-on",
        type=click.Choice(SEVERITIES),
        help="Exit with 1 on a finding this bad or worse [default: never].",
    ),
    click.option("--no-images", is_flag=True, help="No pictures in the report."),
    click.option("--reproducible", is_flag=True, help="Leave out times and folders: same input, same bytes."),
)
EYES = together(
    click.option(
        "--embeddings",
        metavar="FILE",
        help="Your vectors of the images (.npy, .npz, Parquet, CSV): content is judged by them.",
    ),
    click.option(
        "--probabilities",
        metavar="FILE",
        help="Your model's out-of-fold class probabilities (CSV, Parquet, .npz): they judge the labels too.",
    ),
    click.option(
        "--encoder",
        metavar="FILE|NAME",
        help="A model that makes the vectors: a .keras or .onnx file, or a keras.applications name.",
    ),
    click.option(
        "--encoder-weights",
        metavar="FILE",
        help="Weights of a named encoder: a file, or 'imagenet' for Keras' own download.",
    ),
    click.option(
        "--encoder-size",
        type=click.IntRange(8, 1024),
        help="Side in pixels of the encoder's pictures [default: what the model says, else 224].",
    ),
    click.option(
        "--encoder-scaling",
        type=click.Choice(["raw", "unit", "symmetric", "imagenet"]),
        help="The encoder's pixels: 0 to 255, 0 to 1, -1 to 1, standardised [default: a file's raw].",
    ),
)
TRAINING = together(
    click.option(
        "--image-size",
        type=click.IntRange(16, 512),
        help="Side in pixels that images are resized to [default: by the data].",
    ),
    click.option(
        "--filters",
        type=click.IntRange(16, 512),
        help="Filters of the first block, doubled by each [default: by the data].",
    ),
    click.option(
        "--depth", type=click.IntRange(1, 6), help="Blocks of the network [default: by the image size]."
    ),
    click.option(
        "--epochs", type=click.IntRange(1), help="Most epochs to train [default: about 1,500 steps]."
    ),
    click.option(
        "--patience",
        type=click.IntRange(1),
        help="Epochs without a lower validation loss until it stops [default: a third].",
    ),
    click.option("--batch-size", type=click.IntRange(1, 4096), help="Images per step [default: 32]."),
    click.option(
        "--learning-rate",
        type=click.FloatRange(0, 10, min_open=True),
        help="First step size of the optimiser [default: 0.003].",
    ),
    click.option(
        "--dropout",
        type=click.FloatRange(0, 0.95),
        help="Share of features dropped before the last layer [default: 0.2].",
    ),
    click.option("--l1", type=click.FloatRange(0, 10), help="L1 penalty on kernels [default: 0]."),
    click.option("--l2", type=click.FloatRange(0, 10), help="L2 penalty on kernels [default: 0.0001]."),
    click.option(
        "--scaling",
        type=click.Choice(["auto", "min-max", "standard"]),
        help="How pixels are scaled, fitted on training alone.",
    ),
    click.option(
        "--backbone",
        metavar="NAME",
        help="A keras.applications network in place of the small CNN, such as mobilenetv2.",
    ),
    click.option(
        "--weights",
        metavar="FILE",
        help="The backbone's weights: a file, or 'imagenet' for Keras' own download.",
    ),
    click.option(
        "--class-weights", is_flag=True, default=None, help="Weigh the loss by the inverse class frequency."
    ),
    click.option("--oversample", is_flag=True, default=None, help="Draw each class equally often."),
    click.option(
        "--logit-adjustment",
        type=click.FloatRange(0, 10),
        help="Logit adjustment; 1 suits balanced accuracy [default: 0].",
    ),
    click.option(
        "--no-vary",
        "vary",
        flag_value=False,
        type=bool,
        default=None,
        help="Do not move, zoom, turn and light images a little.",
    ),
    click.option(
        "--label-smoothing",
        type=click.FloatRange(0, 0.9),
        help="Share of the target spread over all classes [default: 0].",
    ),
    click.option(
        "--seeds", type=click.IntRange(1, 100), help="Runs that measure the noise between runs [default: 3]."
    ),
    click.option(
        "--no-experiments",
        "experiments",
        flag_value=False,
        type=bool,
        default=None,
        help="Diagnose by the curves alone.",
    ),
)
TRIALS = together(
    click.option(
        "--compare",
        is_flag=True,
        default=None,
        help="Train every way against imbalance, and compare them. Takes many runs.",
    ),
    click.option(
        "--tune",
        type=click.IntRange(1),
        metavar="N",
        help="Search hyperparameters in N trials, on validation images alone.",
    ),
    click.option(
        "--target-recall",
        type=click.FloatRange(0.01, 0.999),
        help="Say how many images each class needs for this recall.",
    ),
    click.option(
        "--remedies",
        is_flag=True,
        default=None,
        help="Try remedies against what is diagnosed. Takes many runs.",
    ),
)
RATIOS = click.option(
    "--ratios",
    metavar="T/V/T",
    help="Shares of train/val/test, as in 60/20/20 [default: by the number of images].",
)
TARGET = click.option(
    "--target",
    default="balanced",
    show_default=True,
    help="Images per class to reach: balanced, a count, or a ratio of the largest class like 4:1.",
)
POLICY = click.option(
    "--policy",
    default=None,
    help="photo, document, microscopy, digits, or a TOML file [default: photo, mirrored only if checked].",
)
WAY = click.option(
    "--way",
    type=click.Choice(["on-the-fly", "layers"]),
    default="on-the-fly",
    help="Augment the rare classes, or all by Keras layers.",
)
PLAN = click.option(
    "--plan",
    metavar="FILE",
    help="A split.csv [default: the one in the output folder, else the data's own split].",
)
