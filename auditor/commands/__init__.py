"""One file per verb: the only place where rooms are wired together.

A scan becomes evidence, evidence findings, findings a record; a split, an augmentation and a baseline are
added to the record; reports are rendered from the record alone.
"""
