"""`python -m stagedflow` is the `stagedflow` command."""

import sys

from stagedflow.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
