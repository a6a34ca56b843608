"""Passes on what `cargo test` prints. At its end says which ten tests took longest, and how many passed. A file that is
named as argument gets how many passed, too.

Stable Rust does not time tests. But a test binary starts its tests in the order of their names, as many at a time as there
are threads, and the next one whenever one ends. So when each began follows from when the others ended.
"""

import os
import re
import sys
import time

TEN = 10
ENDED = re.compile(r"^test (.+?)(?: - should panic)? \.\.\. (ok|FAILED|ignored)")
RESULT = re.compile(r"^test result: .* (\d+) passed; (\d+) failed")


def threads():
    return int(os.environ.get("RUST_TEST_THREADS") or len(os.sched_getaffinity(0)))


def durations(began, ends, at_a_time):
    """How long each test of a binary took, by when the binary began and (name, when it ended) in order."""
    waiting = sorted(name for name, _ in ends)
    starts = {name: began for name in waiting[:at_a_time]}
    following = iter(waiting[at_a_time:])
    taken = []
    for name, end in ends:
        taken.append((end - starts.get(name, end), name))
        started = next(following, None)
        if started is not None:
            starts[started] = end
    return taken


def main():
    binary, began, ends, slowest = "", time.monotonic(), [], []
    passed = failed = 0
    for line in sys.stdin:
        sys.stdout.write(line)
        sys.stdout.flush()
        now = time.monotonic()
        if running := re.match(r"^\s+(?:Running (?:unittests )?(\S+)|Doc-tests (\S+))", line):
            binary = running[1] or running[2]
        elif re.match(r"^running \d+ tests?$", line):
            began, ends = now, []
        elif ended := ENDED.match(line):
            ends.append((ended[1], now))
        elif result := RESULT.match(line):
            slowest += [(taken, binary, name) for taken, name in durations(began, ends, threads())]
            passed, failed = passed + int(result[1]), failed + int(result[2])
    print(f"\nThe {TEN} slowest tests, which share the machine with those that run beside them:")
    for taken, binary, name in sorted(slowest, reverse=True)[:TEN]:
        print(f"{taken:8.1f} s  {name}  ({binary})")
    result = f"\n{passed} passed, {failed} failed"
    print(result)
    for name in sys.argv[1:]:
        with open(name, "w", encoding="utf-8") as file:
            print(result, file=file)


if __name__ == "__main__":
    main()
