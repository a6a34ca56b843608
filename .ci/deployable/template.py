"""Reads a template, applies the SAM transform, and resolves what comes of it for given parameters.

Nothing of AWS is asked: a resource's ARN is made up from its logical id, in the form that its service has.
"""

import copy
import json
import os
import pathlib
import re

import yaml

from .samples import SAMPLES

REGION, ACCOUNT, STACK = "eu-central-1", "111111111111", "stack"
# The transform asks for a Region, and for nothing else of the environment.
os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/1",
    "AWS::StackName": STACK,
    "AWS::URLSuffix": "amazonaws.com",
}
ARNS = {
    "AWS::CloudWatch::Alarm": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
    "AWS::Events::Rule": "arn:aws:events:{region}:{account}:rule/{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
    "AWS::StepFunctions::StateMachine": "arn:aws:states:{region}:{account}:stateMachine:{name}",
}
# What a resource is called where the template gives it a name.
NAMES = ("BucketName", "FunctionName", "LogGroupName", "RoleName")
NO_VALUE = object()
# What an export of another stack begins with here.
IMPORTED = "imported-"


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags."""


def long_form(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", long_form)


def load(path):
    """The template, with the definition of each state machine under the machine's logical id beside it."""
    path = pathlib.Path(path)
    template = yaml.load(path.read_text(), Loader)
    template["Resources"] = repeated(template["Resources"])
    definitions = {}
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::StateMachine":
            definition = path.parent / properties["DefinitionUri"]
            definitions[name] = definition.read_text()
    return template, definitions


def repeated(resources):
    """The resources, each Fn::ForEach as often as the first sample of its parameter has values."""
    made = {}
    for name, resource in resources.items():
        if not name.startswith("Fn::ForEach::"):
            made[name] = resource
            continue
        identifier, collection, fragment = resource
        for value in SAMPLES[collection["Ref"]][0].split(","):
            for key, repeated_resource in fragment.items():
                key = key.replace("&{" + identifier + "}", re.sub(r"[^A-Za-z0-9]", "", value))
                made[key] = with_value(repeated_resource, identifier, value)
    return made


def with_value(part, identifier, value):
    """A part of a fragment, with the value in place of each Ref to the identifier."""
    if part == {"Ref": identifier}:
        return value
    if isinstance(part, dict):
        return {name: with_value(item, identifier, value) for name, item in part.items()}
    return [with_value(item, identifier, value) for item in part] if isinstance(part, list) else part


def transformed(template):
    """What SAM makes of the template, its code and definitions being in S3."""
    from samtranslator.translator.transform import transform

    class NoManagedPolicies:
        def load(self):
            return {}

    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        for uri, kind in (("CodeUri", "Function"), ("DefinitionUri", "StateMachine")):
            if resource["Type"] == f"AWS::Serverless::{kind}":
                resource["Properties"][uri] = {"Bucket": "artifacts", "Key": uri}
    return transform(template, {}, NoManagedPolicies())


class Stack:
    """A template that went through SAM, resolved for these parameters."""

    def __init__(self, template, definitions, parameters):
        self.template, self.parameters = template, parameters
        conditions = template.get("Conditions", {})
        self.types = {
            name: resource["Type"]
            for name, resource in template["Resources"].items()
            if "Condition" not in resource or self.resolve(conditions[resource["Condition"]])
        }
        self.definitions, self.resources = definitions, {}

    def properties(self, name):
        """The properties of an existing resource."""
        if name not in self.resources:
            self.resources[name] = self.resolve(self.template["Resources"][name].get("Properties", {}))
        return self.resources[name]

    def of_type(self, kind):
        return {name: self.properties(name) for name, type_ in self.types.items() if type_ == kind}

    def definition(self, name):
        """The definition of a state machine, as Step Functions gets it."""
        values = self.properties(name).get("DefinitionSubstitutions", {})
        text = re.sub(r"\$\{(\w+)\}", lambda found: str(values.get(found[1], found[0])), self.definitions[name])
        return json.loads(text)

    def resolve(self, value):
        if isinstance(value, list):
            resolved = [self.resolve(item) for item in value]
            return [item for item in resolved if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument), = value.items()
            function = FUNCTIONS.get(name)
            if function:
                return function(self, argument)
        resolved = {name: self.resolve(item) for name, item in value.items()}
        return {name: item for name, item in resolved.items() if item is not NO_VALUE}

    def reference(self, name):
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        kind = self.kind(name)
        return self.attribute([name, "Arn"]) if kind.endswith("StateMachine") else self.name(name)

    def kind(self, name):
        if name not in self.types:
            raise ValueError(f"{name} is referred to where it is not there")
        return self.types[name]

    def name(self, name):
        properties = self.template["Resources"][name].get("Properties", {})
        given = [properties[property_] for property_ in NAMES if property_ in properties]
        return self.resolve(given[0]) if given and self.kind(name) != "AWS::Lambda::Permission" else f"{STACK}-{name}"

    def attribute(self, path):
        name, attribute = path if isinstance(path, list) else path.split(".", 1)
        kind = self.kind(name)
        if attribute == "Arn" and kind in ARNS:
            return ARNS[kind].format(region=REGION, account=ACCOUNT, name=self.name(name))
        return self.name(name) if attribute.endswith("Name") else f"{STACK}-{name}.{attribute}"

    def substitute(self, argument):
        text, values = argument if isinstance(argument, list) else (argument, {})

        def value(found):
            name = found[1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in values:
                return str(self.resolve(values[name]))
            return str(self.attribute(name) if "." in name else self.reference(name))

        return re.sub(r"\$\{([^}]+)\}", value, text)

    def choose(self, argument):
        condition, yes, no = argument
        return self.resolve(yes if self.resolve(self.template["Conditions"][condition]) else no)

    def select(self, argument):
        index, items = self.resolve(argument)
        return items[int(index)]

    def join(self, argument):
        separator, items = self.resolve(argument)
        return separator.join(items.split(",") if isinstance(items, str) else map(str, items))

    def split(self, argument):
        separator, text = self.resolve(argument)
        return text.split(separator)

    def equal(self, argument):
        left, right = self.resolve(argument)
        return str(left) == str(right)


FUNCTIONS = {
    "Ref": Stack.reference,
    "Condition": lambda stack, name: stack.resolve(stack.template["Conditions"][name]),
    "Fn::And": lambda stack, items: all(stack.resolve(items)),
    "Fn::Equals": Stack.equal,
    "Fn::GetAtt": Stack.attribute,
    "Fn::If": Stack.choose,
    "Fn::ImportValue": lambda stack, name: IMPORTED + stack.resolve(name),
    "Fn::Join": Stack.join,
    "Fn::Not": lambda stack, items: not stack.resolve(items)[0],
    "Fn::Or": lambda stack, items: any(stack.resolve(items)),
    "Fn::Select": Stack.select,
    "Fn::Split": Stack.split,
    "Fn::Sub": Stack.substitute,
}
