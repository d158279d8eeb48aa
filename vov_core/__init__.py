"""VOV's core: finds the fingerprints in a photo and covers them, without any user interface."""

__version__ = "0.1.0"
