"""From labelled photos to weights: ``python -m training.build|train|evaluate|export``."""

CLASSES = ("fingerprint", "nail")
"""Names of the detector's classes, in the order of their numbers."""

UNCLEAR = len(CLASSES)
"""Class number of areas about which nothing is said: neither a find nor a miss."""
