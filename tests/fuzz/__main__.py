"""`python -m tests.fuzz [CASES]`: new random cases, half of them changed histories, half edited workflows."""

import multiprocessing
import sys
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.fuzz.cases import fuzz_edits, fuzz_histories, fuzz_quietly

AT_ONCE = 4
"""More than there may be cores: some histories stand still for long in Temporal's own Replayer."""

if __name__ == "__main__":
    cases = int(sys.argv[1]) if sys.argv[1:] else 10_000
    share = max(cases // 2 // AT_ONCE, 1)
    found = 0
    with ProcessPoolExecutor(AT_ONCE, mp_context=multiprocessing.get_context("spawn")) as processes:
        for kind, fuzz in (("changed histories", fuzz_histories), ("edited workflows", fuzz_edits)):
            counted: Counter[str] = Counter()
            for each in as_completed([processes.submit(fuzz_quietly, fuzz, share) for _ in range(AT_ONCE)]):
                if error := each.exception():  # the others go on
                    traceback.print_exception(error)
                    found += 1
                else:
                    counted += each.result()
            told = ", ".join(f"{count} {outcome}" for outcome, count in counted.most_common())
            print(f"{kind}: {counted.total()}: {told}", flush=True)
    sys.exit(found > 0)
