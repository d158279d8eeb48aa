"""The four-cut booth: a guest's four shots, and the frame that they are printed in."""

from vov_core.booth.frames import COLOURS, Design, Layout, cell_size, compose, drawable, print_size
from vov_core.booth.guest import SHOTS, Guest, Print
from vov_core.booth.printing import DPI, print_file

__all__ = [
    "COLOURS",
    "DPI",
    "SHOTS",
    "Design",
    "Guest",
    "Layout",
    "Print",
    "cell_size",
    "compose",
    "drawable",
    "print_file",
    "print_size",
]
