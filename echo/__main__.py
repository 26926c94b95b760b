"""`python -m echo`."""

import sys

from echo.cli import main

if __name__ == "__main__":
    sys.exit(main())
