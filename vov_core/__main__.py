"""``python -m vov_core``."""

import sys

from vov_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
