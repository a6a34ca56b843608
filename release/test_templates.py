"""The templates of a release differ from those of the clone in what builds the code, and in nothing else."""

import pathlib
import sys
import tempfile
import tomllib
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / ".ci"))

import templates
from deployable.template import Loader, yaml

VERSION = "1.2.3"
ARCHIVE = f"../tablekeeper-functions-{VERSION}-arm64.zip"


def parsed(path):
    return yaml.load(path.read_text(), Loader)


class Templates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.released = pathlib.Path(folder.name) / "released"
        templates.main(VERSION, cls.released)

    def test_only_the_code_differs(self):
        for path in (self.released / "infra").glob("*.yaml"):
            expected = parsed(templates.ROOT / "infra" / path.name)
            for resource in expected["Resources"].values():
                if isinstance(resource, dict) and resource["Type"] == "AWS::Serverless::Function":
                    del resource["Metadata"]
                    resource["Properties"]["CodeUri"] = ARCHIVE
            self.assertEqual(parsed(path), expected, path.name)

    def test_every_definition_is_there(self):
        for path in (self.released / "infra").glob("*.yaml"):
            for resource in parsed(path)["Resources"].values():
                if isinstance(resource, dict) and resource["Type"] == "AWS::Serverless::StateMachine":
                    definition = path.parent / resource["Properties"]["DefinitionUri"]
                    self.assertTrue(definition.is_file(), definition)

    def test_sam_deploys_the_templates_themselves(self):
        configuration = tomllib.loads((self.released / "infra/samconfig.toml").read_text())
        workflows = configuration.keys() - {"version"}
        self.assertGreaterEqual(len(workflows), 6)
        for workflow in workflows:
            self.assertNotIn("build", configuration[workflow])
            self.assertEqual(configuration[workflow]["deploy"]["parameters"]["template_file"], f"{workflow}.yaml")

    def test_changing_the_architecture_changes_the_archive(self):
        for path in (self.released / "infra").glob("*.yaml"):
            text = path.read_text().replace("arm64", "x86_64")
            changed = yaml.load(text, Loader)
            if "Globals" in changed:
                self.assertEqual(changed["Globals"]["Function"]["Architectures"], ["x86_64"], path.name)
                self.assertIn(f"CodeUri: ../tablekeeper-functions-{VERSION}-x86_64.zip", text)

    def test_a_function_that_is_built_otherwise_is_refused(self):
        text = "    Type: AWS::Serverless::Function\n      CodeUri: ../functions/\n"
        with self.assertRaisesRegex(ValueError, "1 functions, 0 with a build method"):
            templates.template(text, VERSION)
