"""`python -m naturaltrace` is `naturaltrace`."""

import sys

from naturaltrace.cli import main

if __name__ == "__main__":
    sys.exit(main())
