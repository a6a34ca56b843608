"""What AWS checks when a stack is deployed, or when its parts first call one another.

Each check takes a resolved stack and yields sentences about what is wrong with it.
"""

import json
import re

from .iam import allows, is_trusted, policy_allows, several
from .template import IMPORTED

ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:.+")
FUNCTION = re.compile(r"arn:[^:]+:lambda:[^:]+:[^:]+:function:[^:]+")
ROLE = re.compile(r"arn:[^:]+:iam::\d+:role/.+")
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
LOG_DELIVERY = [
    "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
]  # fmt: skip
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
TRACING = ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]
# The rule that Step Functions makes in the role's name when a state machine with such a task is created:
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
MANAGED_RULES = {"states:startExecution": "StepFunctionsGetEventsForStepFunctionsExecutionRule"}


def tasks(definition):
    """Every task of a definition, those within Maps included, by the state's name."""
    if isinstance(definition, dict):
        for name, state in definition.get("States", {}).items():
            if state.get("Type") == "Task":
                yield name, state
        for value in definition.values():
            yield from tasks(value)
    elif isinstance(definition, list):
        for value in definition:
            yield from tasks(value)


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


def state_machines(stack):
    for machine, properties in stack.of_type("AWS::StepFunctions::StateMachine").items():
        role, definition = properties["RoleArn"], stack.definition(machine)
        demanded = []
        if properties.get("LoggingConfiguration", {}).get("Destinations"):
            demanded += [(action, "*") for action in LOG_DELIVERY]
        if properties.get("TracingConfiguration", {}).get("Enabled"):
            demanded += [(action, "*") for action in TRACING]
        if not is_trusted(stack, role, "states.amazonaws.com"):
            yield f"{machine}: Step Functions may not assume {role}"
        if "${" in json.dumps(definition):
            yield f"{machine}: a placeholder is left in its definition"
        for name, state in tasks(definition):
            arguments = state.get("Arguments", {})
            service = SERVICES.get(state["Resource"].split(":::")[-1])
            if service is not None:
                yield from of_service(stack, machine, name, arguments, service, demanded)
                continue
            called = arguments.get("FunctionName", arguments.get("StateMachineArn", ""))
            if not ARN.fullmatch(called):
                yield f"{machine}: {name} calls `{called}`, which is no ARN"
                continue
            is_there = not called.endswith(":none")
            integration = state["Resource"].split(":::")[-1]
            service, _, pattern = integration.partition(".")
            if pattern.startswith("sync"):
                rule = MANAGED_RULES.get(service)
                if rule is None:
                    yield f"{machine}: {name} waits for {service}, whose managed rule is not known here"
                else:
                    arn = stack.resolve({"Fn::Sub": "arn:aws:events:${AWS::Region}:${AWS::AccountId}:rule/" + rule})
                    demanded += [(f"events:{verb}", arn) for verb in ("DescribeRule", "PutRule", "PutTargets")]
                if is_there:
                    executions = called.replace(":stateMachine:", ":execution:") + ":name"
                    demanded.append(("states:StartExecution", called))
                    demanded += [(f"states:{verb}Execution", executions) for verb in ("Describe", "Stop")]
            elif service == "lambda:invoke":
                if is_there:
                    demanded.append(("lambda:InvokeFunction", called))
                    yield from handed_over(stack, machine, name, called, arguments)
            else:
                yield f"{machine}: {name} uses {integration}, of which no permissions are known here"
        for action, resource in demanded:
            if not allows(stack, role, action, resource):
                yield f"{machine}: its role does not allow {action} on {resource}"


def of_service(stack, machine, state, arguments, service, demanded):
    """A task that calls a service by itself: adds what the role has to allow."""
    action, called = service
    for resource in called(stack, arguments):
        if resource and not ARN.fullmatch(resource):
            yield f"{machine}: {state} calls {action} on `{resource}`, which is no ARN"
        elif resource:
            demanded.append((action, resource))


def buses(stack, arguments):
    """The event bus of each entry, whose name or ARN the entry has."""
    for entry in arguments["Entries"]:
        bus = entry.get("EventBusName", "default")
        own = stack.resolve({"Fn::Sub": "arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/" + bus})
        yield bus if bus.startswith("arn:") else own


# The services that tasks call by themselves: the action that the role has to allow, and on which resources. A topic may be
# none, where no task publishes to it:
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-sns.html
SERVICES = {
    "events:putEvents": ("events:PutEvents", buses),
    "sns:publish": ("sns:Publish", lambda stack, arguments: [arguments["TopicArn"]]),
}


def handed_over(stack, machine, state, called, arguments):
    """A function that is given a role passes it on, or assumes it."""
    for name, function in stack.of_type("AWS::Lambda::Function").items():
        if not FUNCTION.match(called) or stack.attribute([name, "Arn"]) != FUNCTION.match(called)[0]:
            continue
        for role in filter(ROLE.fullmatch, texts(arguments.get("Payload", {}))):
            if not any(allows(stack, function["Role"], action, role) for action in ("iam:PassRole", "sts:AssumeRole")):
                yield f"{machine}: {state} hands {role} to {name}, whose role may neither pass nor assume it"


def functions(stack):
    for name, function in stack.of_type("AWS::Lambda::Function").items():
        if not is_trusted(stack, function["Role"], "lambda.amazonaws.com"):
            yield f"{name}: Lambda may not assume its role"
        group = function["LoggingConfig"]["LogGroup"]
        stream = f"{stack.resolve({'Fn::Sub': 'arn:aws:logs:${AWS::Region}:${AWS::AccountId}'})}:log-group:{group}:*"
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            if not allows(stack, function["Role"], action, stream):
                yield f"{name}: its role does not allow {action} on {group}"
    for name, mapping in stack.of_type("AWS::Lambda::EventSourceMapping").items():
        roles = [
            function["Role"]
            for other, function in stack.of_type("AWS::Lambda::Function").items()
            if stack.name(other) == mapping["FunctionName"]
        ]
        # The function may be another stack's, whose template says what it may.
        if not roles and mapping["FunctionName"].startswith(IMPORTED):
            continue
        role = roles[0]
        stream = mapping["EventSourceArn"]
        demanded = [(f"dynamodb:{verb}", stream) for verb in ("DescribeStream", "GetRecords", "GetShardIterator")]
        # https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
        destination = mapping["DestinationConfig"]["OnFailure"]["Destination"]
        if destination.split(":")[2] == "s3":
            demanded += [("s3:PutObject", f"{destination}/aws/lambda/1/2/3"), ("s3:ListBucket", destination)]
        else:
            demanded.append(("sqs:SendMessage", destination))
        for action, resource in demanded:
            if not allows(stack, role, action, resource):
                yield f"{name}: the function's role does not allow {action} on {resource}"


def triggers(stack):
    """Rules and subscriptions may reach what they invoke, and the queue where they leave what they cannot deliver."""
    found = []
    for name, rule in stack.of_type("AWS::Events::Rule").items():
        for target in rule["Targets"]:
            source = stack.attribute([name, "Arn"])
            found.append((name, "events.amazonaws.com", source, target["Arn"], target.get("RoleArn")))
            # A target may have none, where a missing metric means that an event is lost.
            if "DeadLetterConfig" in target:
                found.append((name, "events.amazonaws.com", source, target["DeadLetterConfig"]["Arn"], None))
    for name, subscription in stack.of_type("AWS::SNS::Subscription").items():
        source, queue = subscription["TopicArn"], subscription["RedrivePolicy"]["deadLetterTargetArn"]
        found.append((name, "sns.amazonaws.com", source, subscription["Endpoint"], None))
        found.append((name, "sns.amazonaws.com", source, queue, None))
    permissions = stack.of_type("AWS::Lambda::Permission").values()
    policies = [
        statement
        for policy in stack.of_type("AWS::SQS::QueuePolicy").values()
        for statement in several(policy["PolicyDocument"]["Statement"])
    ]
    for name, principal, source, target, role in found:
        service = target.split(":")[2]
        if role:
            reaches = is_trusted(stack, role, principal) and allows(stack, role, "states:StartExecution", target)
        elif service == "lambda":
            reaches = any(
                (permission["FunctionName"], permission["Principal"], permission["SourceArn"])
                == (target, principal, source)
                for permission in permissions
            )
        else:
            reaches = policy_allows(
                [one for one in policies if one["Resource"] == target], principal, "sqs:SendMessage", source
            )
        if not reaches:
            yield f"{name}: {principal} may not reach {target}"


def alarms(stack):
    """Each alarm has a metric, and a template's dashboard shows its alarms."""
    shown = [json.loads(one["DashboardBody"]) for one in stack.of_type("AWS::CloudWatch::Dashboard").values()]
    for name, alarm in stack.of_type("AWS::CloudWatch::Alarm").items():
        metrics = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", []) if "MetricStat" in one] or [alarm]
        for metric in metrics:
            for dimension in metric.get("Dimensions", []):
                if not dimension["Value"]:
                    yield f"{name}: its dimension {dimension['Name']} is empty"
        if shown and stack.attribute([name, "Arn"]) not in texts(shown):
            yield f"{name} is on no dashboard"


# Each check, and the types of the resources that it reads.
ROLES, FUNCTIONS = "AWS::IAM::Role", "AWS::Lambda::Function"
CHECKS = {
    state_machines: ["AWS::StepFunctions::StateMachine", ROLES, FUNCTIONS],
    functions: [FUNCTIONS, "AWS::Lambda::EventSourceMapping", ROLES],
    triggers: [
        "AWS::Events::Rule", "AWS::SNS::Subscription", "AWS::Lambda::Permission", "AWS::SQS::QueuePolicy", ROLES,
    ],
    alarms: ["AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard"],
}  # fmt: skip
