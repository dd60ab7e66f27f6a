"""Augmentation that is aimed at rare classes and stays in its parents' split.

Resampling and class weights.
"""

from auditor.augmentation.advice import PolicyCheck
from auditor.augmentation.augmented import Augmentation
from auditor.augmentation.judges import Model
from auditor.augmentation.planning import plan_augmentation
from auditor.augmentation.policy import PRESETS, Policy, Step
from auditor.augmentation.policy_file import read_policy, write_policy
from auditor.augmentation.preservation import check_policy
from auditor.augmentation.resampling import resample, suggest_cleaning, synthesise
from auditor.augmentation.weighting import class_frequencies, class_weights, logit_offsets

__all__ = [
    "PRESETS",
    "Augmentation",
    "Model",
    "Policy",
    "PolicyCheck",
    "Step",
    "check_policy",
    "class_frequencies",
    "class_weights",
    "logit_offsets",
    "plan_augmentation",
    "read_policy",
    "resample",
    "suggest_cleaning",
    "synthesise",
    "write_policy",
]
