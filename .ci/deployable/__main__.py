"""Checks that templates deploy: `python3 -m deployable infra/*.yaml`, with this folder's parent on PYTHONPATH.

Each template goes through the SAM transform and is resolved for every combination of the parameters that its conditions
ask for, with the values of samples.py. No call of AWS is made.
"""

import logging
import re
import sys
import time

from .checks import CHECKS
from .combinations import combinations
from .samples import SAMPLES
from .template import Stack, load, transformed


def patterns(template):
    """Patterns take what is right, the default included."""
    for name, parameter in template.get("Parameters", {}).items():
        pattern = parameter.get("AllowedPattern")
        if pattern is None:
            continue
        if name not in SAMPLES:
            yield f"{name} has an AllowedPattern, and samples.py has no values for it"
        given = [str(parameter["Default"])] if "Default" in parameter else []
        for value in given + SAMPLES.get(name, []):
            # Each value of a list has to match.
            values = [one.strip() for one in value.split(",")] if parameter["Type"] == "CommaDelimitedList" else [value]
            if not all(re.fullmatch(pattern, one) for one in values):
                yield f"{name} does not take `{value}`"


def wrong_with(template, definitions):
    """What is wrong with a template, each with the parameters that show it first; and how many combinations were tried."""
    found, tried = {sentence: {} for sentence in patterns(template)}, 0
    after_sam = transformed(template)
    resources = after_sam["Resources"]
    for check, types in CHECKS.items():
        looked_at = [resource for resource in resources.values() if resource["Type"] in types]
        for parameters, chosen in combinations(after_sam, looked_at):
            tried += 1
            try:
                for sentence in check(Stack(after_sam, definitions, parameters)):
                    found.setdefault(sentence, chosen)
            except ValueError as error:
                found.setdefault(str(error), chosen)
    for name, resource in resources.items():
        for parameters, chosen in combinations(after_sam, resource):
            stack = Stack(after_sam, definitions, parameters)
            try:
                if name in stack.types:
                    stack.properties(name)
            except ValueError as error:
                found.setdefault(f"{name}: {error}", chosen)
    return found, tried


def main(paths):
    # The transform warns that it would have published metrics.
    logging.disable(logging.WARNING)
    failed = False
    for path in paths:
        began = time.monotonic()
        found, tried = wrong_with(*load(path))
        for sentence, chosen in found.items():
            failed = True
            print(f"{path}: {sentence}" + (f" (with {chosen})" if chosen else ""))
        print(f"{path}: {tried} combinations of parameters in {time.monotonic() - began:.1f} s")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
