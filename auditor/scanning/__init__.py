"""Bytes to one row per image: every image is read and decoded once."""

from auditor.scanning.scan import OnProgress, ScanResult, scan_images

__all__ = ["OnProgress", "ScanResult", "scan_images"]
