"""A small CNN that answers questions about the data: train, score, diagnose, prescribe."""

from auditor.baseline.fitting import Epoch
from auditor.baseline.options import TrainOptions
from auditor.baseline.result import Baseline
from auditor.baseline.training import train_baseline

__all__ = ["Baseline", "Epoch", "TrainOptions", "train_baseline"]
