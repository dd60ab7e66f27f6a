"""An example of plug-ins for auditor: a check and a reader."""
