"""Checks the forge's workflows: `python3 .ci/workflows.py .github/workflows/*.yaml`.

Each is YAML, has jobs that end, refers to jobs that exist, runs files that exist, and uses only the forge's own actions,
each at a major version.
"""

import pathlib
import re
import sys

import yaml

ACTION = re.compile(r"actions/[a-z-]+@v[0-9]+")
SCRIPT = re.compile(r"(?<![\w/.-])(?:\.ci|release)/\w+")


def steps_wrong(step):
    """What is wrong with one step."""
    if ("uses" in step) == ("run" in step):
        yield "a step has either `uses` or `run`"
    if "uses" in step and not ACTION.fullmatch(step["uses"]):
        yield f"`{step['uses']}` is not an action of the forge at a major version, such as actions/checkout@v6"
    for script in SCRIPT.findall(step.get("run", "")):
        if not pathlib.Path(script).is_file():
            yield f"there is no {script}"


def wrong_with(text):
    """What is wrong with a workflow."""
    try:
        workflow = yaml.safe_load(text)
    except yaml.YAMLError as error:
        yield f"is not YAML: {error}"
        return
    # YAML 1.1 reads the key `on` as true.
    if not isinstance(workflow, dict) or not {"name", True, "permissions", "jobs"} <= workflow.keys():
        yield "lacks one of name, on, permissions, jobs"
        return
    jobs = workflow["jobs"]
    for name, job in jobs.items():
        if "runs-on" not in job or "timeout-minutes" not in job:
            yield f"{name}: lacks runs-on or timeout-minutes"
        needs = job.get("needs", [])
        for needed in [needs] if isinstance(needs, str) else needs:
            if needed not in jobs:
                yield f"{name}: needs {needed}, which is not there"
        for step in job.get("steps", []):
            yield from (f"{name}: {sentence}" for sentence in steps_wrong(step))


def main(paths):
    found = [f"{path}: {sentence}" for path in paths for sentence in wrong_with(pathlib.Path(path).read_text())]
    print("\n".join(found or [f"{len(paths)} workflows"]))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
