"""Duplicates: from signatures to sets of images that show one picture.

Candidates by hashes and looks, the distance of their detail, a threshold measured on the data set, sets
without chains: ``docs/duplicates.md`` explains it.
"""

from auditor.duplicates.calibration import Calibration
from auditor.duplicates.sets import DuplicateSets, find_duplicates

__all__ = ["Calibration", "DuplicateSets", "find_duplicates"]
