"""auditor: data-quality audits of image data sets, before training and after."""
__version__ = "0.1.0"
