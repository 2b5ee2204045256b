"""Run vidkit as `python -m vidkit`."""

import sys

from vidkit.cli import main

sys.exit(main())
