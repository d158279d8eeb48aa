"""Fuzzing of the readers, guided by coverage: ``python -m tests.fuzz.readers [--minutes 10]``.

Atheris is an extra of its own (``pip install atheris==3.0.0``): it is built for one version of
Python and stands outside of the tests, which do a shorter search without it (test_fuzz.py). Begins
with one file of each format and kind of metadata. An input that breaks a promise of the reader is
kept in the folder of findings and ends the run with status 77; so does one that takes longer than
ten seconds or more memory than 2 GB.
"""

import argparse
import contextlib
import sys
import warnings
from pathlib import Path
from tempfile import mkdtemp

import atheris

with atheris.instrument_imports(include=["vov_core.images"]):
    from vov_core.errors import PhotoError
    from vov_core.images import ReadLimits, read_photo, stated_pixels
    from vov_core.images.containers import ContainerError, jpeg_head, png_parts
    from vov_core.images.exif import summarize

LIMITS = ReadLimits(max_pixels=1_000_000)


def one(data: bytes) -> None:
    """A photo within the limits, or an error that a person may be told: nothing else."""
    assert stated_pixels(data) >= 0
    summarize(data)
    for parts in (jpeg_head, png_parts):
        with contextlib.suppress(ContainerError):
            list(parts(data))
    try:
        photo = read_photo(data, LIMITS)
    except PhotoError as error:
        assert all(isinstance(value, str | int | float) for value in error.details.values())
        return
    assert photo.pixels.shape == (photo.height, photo.width, 3)
    assert photo.width * photo.height <= LIMITS.max_pixels
    assert photo.pixels.flags.c_contiguous and not photo.pixels.flags.writeable


def seeds(folder: Path) -> None:
    """Small files that the reader knows, one of each kind."""
    from tests.images.test_fuzz import ALL

    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(ALL):
        (folder / f"{number:03}").write_bytes(data)


def main() -> None:
    """Searches until the time is over or something is found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--folder", type=Path, default=None, help="for inputs and findings")
    wanted = parser.parse_args()
    folder = wanted.folder or Path(mkdtemp(prefix="vov-fuzz-"))
    seeds(folder / "inputs")
    findings = folder / "findings"
    findings.mkdir(exist_ok=True)
    print(f"inputs and findings: {folder}", flush=True)
    warnings.simplefilter("ignore")  # Pillow's remarks on damaged files are expected here.
    options = [
        *(f"-max_total_time={round(wanted.minutes * 60)}", "-timeout=10", "-rss_limit_mb=2048"),
        *("-max_len=65536", "-print_final_stats=1", f"-artifact_prefix={findings}/"),
    ]
    atheris.Setup([sys.argv[0], *options, str(folder / "inputs")], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
