"""What a role of a resolved stack allows."""

import re


def several(value):
    return value if isinstance(value, list) else [value]


def matches(pattern, text, ignore_case=False):
    parts = (re.escape(part) for part in re.split(r"([*?])", pattern))
    expression = "".join({r"\*": ".*", r"\?": "."}.get(part, part) for part in parts)
    return re.fullmatch(expression, text, re.IGNORECASE if ignore_case else 0) is not None


def statements(stack, role_arn):
    """The statements of the stack's role with this ARN, or none if it is not the stack's."""
    for name, role in stack.of_type("AWS::IAM::Role").items():
        if stack.attribute([name, "Arn"]) == role_arn:
            policies = role.get("Policies", [])
            return [one for policy in policies for one in several(policy["PolicyDocument"]["Statement"])]
    return None


def allows(stack, role_arn, action, resource):
    """Whether a role of the stack allows the action on all of this resource. Others are their owners' affair."""
    found = statements(stack, role_arn)
    if found is None:
        return True
    return any(
        statement["Effect"] == "Allow"
        and any(matches(pattern, action, ignore_case=True) for pattern in several(statement["Action"]))
        and any(matches(pattern, resource) for pattern in several(statement["Resource"]))
        for statement in found
    )


def is_trusted(stack, role_arn, service):
    for name, role in stack.of_type("AWS::IAM::Role").items():
        if stack.attribute([name, "Arn"]) == role_arn:
            trusted = several(role["AssumeRolePolicyDocument"]["Statement"])
            return any(service in several(one["Principal"].get("Service", [])) for one in trusted)
    return True


def policy_allows(statements_, principal, action, source):
    """Whether a resource's policy lets a service act for this source."""
    for statement in statements_:
        sources = several(statement.get("Condition", {}).get("ArnEquals", {}).get("aws:SourceArn", source))
        if (
            statement["Effect"] == "Allow"
            and isinstance(statement["Principal"], dict)
            and principal in several(statement["Principal"].get("Service", []))
            and action in several(statement["Action"])
            and source in sources
        ):
            return True
    return False
