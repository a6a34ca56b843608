"""The combinations of parameters that a part of a template can tell apart."""

import itertools
import re

from .samples import SAMPLES, TOGETHER
from .template import NAMES


def names(value):
    """The parameters, conditions and resources that a part of a template refers to."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name in ("Ref", "Condition") and isinstance(item, str):
                yield item
            elif name == "Fn::Sub":
                text = item[0] if isinstance(item, list) else item
                yield from re.findall(r"\$\{(\w+)", text)
            elif name in ("Fn::If", "Fn::GetAtt"):
                yield item[0]
            yield from names(item)
    elif isinstance(value, list):
        for item in value:
            yield from names(item)


def asked(template, value, known=()):
    """The parameters by which a part of a template is one thing or another."""
    conditions, resources = template.get("Conditions", {}), template["Resources"]
    found, known = set(), set(known)
    for name in set(names(value)) - known:
        known.add(name)
        if name in template.get("Parameters", {}):
            found.add(name)
        elif name in conditions:
            found |= asked(template, conditions[name], known)
        elif name in resources:
            given = resources[name].get("Properties", {})
            part = [{"Condition": resources[name].get("Condition", {})}, [given.get(name) for name in NAMES]]
            found |= asked(template, part, known)
    return found & set(names(conditions))


def literals(value, parameter):
    """What conditions compare a parameter with."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name == "Fn::Equals" and {"Ref": parameter} in item:
                yield from (str(side) for side in item if not isinstance(side, dict))
            else:
                yield from literals(item, parameter)
    elif isinstance(value, list):
        for item in value:
            yield from literals(item, parameter)


def default(name, parameter):
    value = str(parameter["Default"]) if "Default" in parameter else SAMPLES[name][0]
    return value.split(",") if parameter["Type"] == "CommaDelimitedList" else value


def choices(name, parameter, conditions):
    """The values of a parameter that conditions can tell apart."""
    allowed = [str(value) for value in parameter.get("AllowedValues", [])]
    values = allowed or [*literals(conditions, name), *SAMPLES.get(name, [])[:1]]
    split = parameter["Type"] == "CommaDelimitedList"
    found = [default(name, parameter), *(value.split(",") if split else value for value in values)]
    found += [[""]] if split else []
    return [value for index, value in enumerate(found) if value not in found[:index]]


def combinations(template, value):
    """Every combination of the parameters that conditions ask for and by which this part differs; others stay as they are."""
    conditions, parameters = template.get("Conditions", {}), template.get("Parameters", {})
    defaults = {name: default(name, parameter) for name, parameter in parameters.items()}
    differing = sorted(asked(template, value))
    values = [choices(name, parameters[name], conditions) for name in differing]
    for combination in itertools.product(*values):
        chosen = dict(zip(differing, combination))
        together = [other for given in chosen.items() for other in TOGETHER.get((given[0], str(given[1])), [])]
        yield {**defaults, **chosen, **{name: SAMPLES[name][0] for name in together}}, chosen
