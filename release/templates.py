"""Writes the templates of a release: `python3 release/templates.py VERSION DIRECTORY`.

In the clone, `sam build` compiles the functions that a template names. These templates name the archive of functions of
the same version instead, so `sam deploy` uploads it as it is. Nothing else differs, comments included.
"""

import pathlib
import re
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = re.compile(r"    Metadata:\n      BuildMethod: rust-cargolambda\n      BuildProperties: \{Binary: bootstrap\}\n")
CODE = "      CodeUri: ../functions/\n"
# The architecture of Globals. A user who changes it everywhere changes the archive with it.
ARCHITECTURE = "arm64"
README = """\
# tablekeeper's templates, version {version}

They deploy with the SAM CLI (`sam`), without a compiler. Put the functions' archive of this version beside this file:

    tablekeeper-functions-{version}-arm64.zip

For x86-64, take tablekeeper-functions-{version}-x86_64.zip instead, and change the templates:

    sed -i.bak s/arm64/x86_64/ infra/*.yaml

Then deploy a workflow. samconfig.toml has a section for each:

    cd infra
    sam deploy --config-env rotate-restore --parameter-overrides BackupSNSTopicARN=arn:aws:sns:eu-central-1:123456789012:backups

The parameters are described in the templates.
"""


def template(text, version):
    """A template that names the archive where it named the source."""
    functions = text.count("Type: AWS::Serverless::Function\n")
    text, without_build = BUILD.subn("", text)
    archive = f"      CodeUri: ../tablekeeper-functions-{version}-{ARCHITECTURE}.zip\n"
    with_archive = text.count(CODE)
    if not functions == without_build == with_archive:
        raise ValueError(f"{functions} functions, {without_build} with a build method, {with_archive} with code")
    return text.replace(CODE, archive)


def configuration(text):
    """The configuration of SAM without its builds."""
    text = re.sub(r"\[[a-z-]+\.build\.parameters\]\n(?:.+\n)+\n", "", text)
    text = re.sub(r"^#\n(?:#     sam .*\n)+", "", text, flags=re.MULTILINE)
    text = text.replace("; see docs/deploying.md.", ": sam deploy --config-env WORKFLOW.")
    return re.sub(r'"\.aws-sam/([a-z-]+)/template\.yaml"', r'"\1.yaml"', text)


def main(version, directory):
    directory = pathlib.Path(directory)
    (directory / "infra").mkdir(parents=True)
    for source in sorted((ROOT / "infra").glob("*.yaml")):
        (directory / "infra" / source.name).write_text(template(source.read_text(), version))
    samconfig = (ROOT / "infra/samconfig.toml").read_text()
    (directory / "infra/samconfig.toml").write_text(configuration(samconfig))
    shutil.copytree(ROOT / "statemachines", directory / "statemachines")
    shutil.copy(ROOT / "LICENSE", directory)
    (directory / "README.md").write_text(README.format(version=version))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
