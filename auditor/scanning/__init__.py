"""Bytes to one row per image: every image is read and decoded once."""

from auditor.scanning.scan import OnProgress, Scanned, scan_images

__all__ = ["OnProgress", "Scanned", "scan_images"]
