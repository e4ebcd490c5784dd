"""`python -m tests.fuzz [CASES]`: new random cases, half of them changed histories, half edited workflows."""

import sys

from tests.fuzz.cases import fuzz_edits, fuzz_histories

if __name__ == "__main__":
    cases = int(sys.argv[1]) if sys.argv[1:] else 10_000
    for name, fuzz in (("changed histories", fuzz_histories), ("edited workflows", fuzz_edits)):
        told = ", ".join(f"{count} {kind}" for kind, count in fuzz(cases // 2, repeatable=False).most_common())
        print(f"{name}: {told}", flush=True)
