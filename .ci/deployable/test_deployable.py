"""That each way to break a template is seen: `python3 -m unittest deployable.test_deployable`."""

import logging
import pathlib
import unittest

from .__main__ import wrong_with
from .template import load

ROOT = pathlib.Path(__file__).parents[2]
INFRA = ROOT / "infra"


def statement(template, role, sid):
    """The list that holds a statement of a role, and its place there."""
    statements = template["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    return statements, next(at for at, one in enumerate(statements) if one.get("Sid") == sid)


def without_statement(role, sid):
    def change(template):
        statements, at = statement(template, role, sid)
        del statements[at]

    return change


def without_resource(name):
    return lambda template: template["Resources"].pop(name)


def substitution(machine, name, value):
    def change(template):
        values = template["Resources"][machine]["Properties"]["DefinitionSubstitutions"]
        values.pop(name) if value is None else values.update({name: value})

    return change


def conditional(role, sid, condition):
    def change(template):
        statements, at = statement(template, role, sid)
        statements[at] = {"Fn::If": [condition, statements[at], {"Ref": "AWS::NoValue"}]}

    return change


def pattern(parameter, value):
    return lambda template: template["Parameters"][parameter].update(AllowedPattern=value)


def fewer_invoked(template):
    statements, at = statement(template, "StateMachineRole", "InvokeTheSteps")
    del statements[at]["Resource"][0]


def unconditional_alarm(template):
    del template["Resources"]["LostEventsAlarm"]["Condition"]


def queue_is_closed(template):
    document = template["Resources"]["DeadLetterQueuePolicy"]["Properties"]["PolicyDocument"]
    document["Statement"] = [one for one in document["Statement"] if one.get("Sid") != "TakeFromTheRules"]


def drop_publishing(template):
    document = template["Resources"]["StateMachineRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    document["Statement"] = [one for one in document["Statement"] if "Fn::If" not in one]


def renamed_parameter(template):
    template["Parameters"]["Renamed"] = template["Parameters"]["SourcePattern"]


def others_trusted(template):
    trust = template["Resources"]["StateMachineRole"]["Properties"]["AssumeRolePolicyDocument"]
    trust["Statement"][0]["Principal"] = {"Service": "ec2.amazonaws.com"}


NO_ARN = "calls ``, which is no ARN"
CAPTURE = {"Fn::If": ["HasSettingsBucket", {"Fn::GetAtt": ["CaptureSettingsFunction", "Arn"]}, ""]}
CHANGES = [
    ("rotate-restore", conditional("StateMachineRole", "HearOfItsEnd", "SyncsSettings"), "not allow events:PutRule on"),
    ("rotate-restore", without_statement("StateMachineRole", "DeliverLogs"), "not allow logs:CreateLogDelivery on *"),
    ("rotate-restore", without_statement("StateMachineRole", "WriteTraces"), "not allow xray:PutTraceSegments on *"),
    ("rotate-restore", without_statement("RestoreBackupRole", "PassTheRestoreRole"), "neither pass nor assume it"),
    ("rotate-restore", without_statement("RestoreBackupRole", "WriteLogs"), "not allow logs:PutLogEvents on"),
    ("rotate-restore", fewer_invoked, "not allow lambda:InvokeFunction on"),
    ("rotate-restore", others_trusted, "Step Functions may not assume"),
    ("rotate-restore", substitution("StateMachine", "SyncSettingsStateMachineArn", ""), NO_ARN),
    ("rotate-restore", substitution("StateMachine", "RestoreTimeoutHours", None), "a placeholder is left"),
    ("rotate-restore", without_resource("BackupRulePermission"), "BackupRule: events.amazonaws.com may not reach"),
    ("rotate-restore", without_resource("BackupTopicPermission"), "sns.amazonaws.com may not reach"),
    ("rotate-restore", unconditional_alarm, "LostEventsAlarm is on no dashboard"),
    ("rotate-restore", pattern("AlarmTopicARN", "^(arn:aws:sns:.+)?$"), "does not take `arn:aws-cn:sns"),
    ("rotate-restore", pattern("SourcePattern", "^[a-z]+$"), "does not take `(?i)-production$`"),
    ("rotate-restore", renamed_parameter, "samples.py has no values"),
    ("sync-settings", queue_is_closed, "RestoreCallRule: events.amazonaws.com may not reach"),
    ("backup-prune", substitution("StateMachine", "CaptureSettingsFunctionArn", CAPTURE), NO_ARN),
    (
        "backup-prune",
        substitution("StateMachine", "CaptureSettingsFunctionArn", {"Fn::GetAtt": ["CaptureSettingsFunction", "Arn"]}),
        "CaptureSettingsFunction is referred to where it is not there",
    ),
    ("export-table", without_statement("ScheduleRole", "StartTheWorkflow"), "DailyRule: events.amazonaws.com may not"),
    ("incremental", without_statement("StreamBackupRole", "KeepWhatIsGivenUp"), "not allow s3:PutObject on"),
    ("incremental", without_statement("StreamBackupRole", "FindTheBucketOfWhatIsGivenUp"), "not allow s3:ListBucket on"),
    ("incremental", without_resource("WatchPermission"), "WatchRule: events.amazonaws.com may not reach"),
    ("report-execution", without_statement("StateMachineRole", "PutTheEvent"), "not allow events:PutEvents on"),
    ("report-execution", drop_publishing, "not allow sns:Publish on arn:aws:sns:"),
    ("report-execution", without_statement("ExecutionEndedRole", "StartTheWorkflow"), "events.amazonaws.com may not reach"),
    ("report-execution", substitution("StateMachine", "NotificationTopicARN", "tables"), "sns:Publish on `tables`, which is no ARN"),
    ("incremental", without_statement("StreamBackupRole", "ReadTheStream"), "not allow dynamodb:GetRecords on"),
]


class Deployable(unittest.TestCase):
    def setUp(self):
        logging.disable(logging.WARNING)

    def test_each_way_to_break_a_template_is_seen(self):
        for name, change, expected in CHANGES:
            with self.subTest(name=name, expected=expected):
                template, definitions = load(INFRA / f"{name}.yaml")
                change(template)
                found, _ = wrong_with(template, definitions)
                self.assertTrue(any(expected in sentence for sentence in found), list(found))

    def test_the_transform_is_the_local_stacks(self):
        def pinned(path):
            lines = (ROOT / path).read_text().splitlines()
            return dict(line.split("==") for line in lines if "==" in line)

        ours, local_stacks = pinned(".ci/requirements.txt"), pinned("crates/local-aws/requirements.txt")
        self.assertIn("aws-sam-translator", ours)
        for package in ours.keys() & local_stacks.keys():
            self.assertEqual(ours[package], local_stacks[package], package)


if __name__ == "__main__":
    unittest.main()
