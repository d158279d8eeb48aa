"""Photos in and out: the reader, the writer, the check of what was written, and names of files."""

from vov_core.images.clean import CleanReport, check_clean
from vov_core.images.names import protected_name, safe_name, unique_name
from vov_core.images.reader import Photo, ReadLimits, read_photo, stated_pixels
from vov_core.images.writer import OutputFormat, encode, formats_for, output_format_for

__all__ = [
    "CleanReport",
    "OutputFormat",
    "Photo",
    "ReadLimits",
    "check_clean",
    "encode",
    "formats_for",
    "output_format_for",
    "protected_name",
    "read_photo",
    "safe_name",
    "stated_pixels",
    "unique_name",
]
