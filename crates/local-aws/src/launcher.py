"""Runs the emulator so that it cannot outlive the process that started it.

The parent holds the writing end of this process's standard input and never writes to it: the end
of the file is the end of the parent, however it ended. The emulator and every function process it
spawned share a process group, which is then killed as one, and the instance's temporary files go
with it. (A parent-death signal would be bound to the parent's thread, not to the parent.)

The port is chosen here, by binding it, and only then told. So no other program can be quicker, and
whoever finds the port in this instance's own folder has found this instance.

Another thing happens here that cannot be done over HTTP: EventBridge refuses `aws.*` sources from
customers, and rightly so, but AWS Backup's own events have to come from somewhere. A request that
carries this instance's token may use such a source.

What is of an account is found without asking each thing of every account for it: a suite has hundreds of accounts.

And two things of Step Functions are as on AWS: the history of an execution tells of the states within a
Map too, inner Maps included, and a nested execution fails by the names that it has there, also where its name is taken.

And of Lambda: an event source mapping that a template makes has numbers and booleans where the template has parameters,
and one of a DynamoDB stream heeds which records its function says have failed.
"""

import contextvars
import hmac
import json
import os
import shutil
import signal
import socket
import sys
import threading

TOKEN_MEMBER = "LocalAwsServiceToken"


def follow_parent():
    while os.read(0, 1):
        pass
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def bind():
    listener = socket.socket()
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind(("127.0.0.1", 0))
    return listener


def tell(port):
    told = os.path.join(os.environ["TMPDIR"], "port")
    with open(f"{told}.unfinished", "w") as file:
        file.write(str(port))
    os.rename(f"{told}.unfinished", told)


def serve_on(listener):
    from hypercorn.config import Config

    create_sockets = Config._create_sockets
    address = f"fd://{listener.detach()}"

    def take_ours(config, binds, *kind):
        return create_sockets(config, [address for _ in binds], *kind)

    Config._create_sockets = take_ours


def let_services_put_events(token):
    from ministack.services import eventbridge

    put_events = eventbridge._put_events

    def put_events_of_a_service(data, allow_aws_source=False):
        presented = str(data.pop(TOKEN_MEMBER, "")).encode()
        trusted = allow_aws_source or hmac.compare_digest(presented, token.encode())
        return put_events(data, allow_aws_source=trusted)

    eventbridge._put_events = put_events_of_a_service


def find_an_accounts_things_at_once():
    from ministack.core.responses import AccountRegionScopedDict as Things

    def items(self):
        account, region = self._prefix()
        everything = list(self._data.items())
        return [(key[2], value) for key, value in everything if key[0] == account and key[1] == region]

    Things.items = items
    Things.keys = lambda self: [key for key, _ in items(self)]
    Things.values = lambda self: [value for _, value in items(self)]
    Things.__iter__ = lambda self: iter(self.keys())
    Things.__len__ = lambda self: len(items(self))
    Things.__bool__ = lambda self: bool(items(self))


def tell_of_states_within_maps():
    from ministack.services import stepfunctions

    # An item's execution, and the id of its last event: items run beside each other, and as on AWS each event names
    # the one before it. The first one of an item has none.
    item = contextvars.ContextVar("item", default=None)
    add_event, adding = stepfunctions._add_event, threading.Lock()

    def add_event_alone(*event):
        with adding:
            return add_event(*event)

    stepfunctions._add_event = add_event_alone

    def tell(kind, what, context, detail, value):
        if item.get() is not None:
            execution, last = item.get()
            name = what[0].lower() + what[1:]
            details = {f"{name}EventDetails": {"name": context["State"]["Name"], detail: json.dumps(value)}}
            event = stepfunctions._add_event(execution, f"{kind}{what}", {**details, "previousEventId": last[0]})
            last[0] = event["id"]

    run_item = stepfunctions._run_sub_machine

    def run_item_and_tell(states, start_at, given, execution, context):
        token = item.set((execution, [0]))
        try:
            return run_item(states, start_at, given, execution, context)
        finally:
            item.reset(token)

    def and_tell(kind, execute):
        def execute_and_tell(state, given, *rest):
            # Those of an inner Map are told with that Map's items; the context comes last.
            tell(kind, "StateEntered", rest[-1], "input", given)
            output, following = execute(state, given, *rest)
            tell(kind, "StateExited", rest[-1], "output", output)
            return output, following

        return execute_and_tell

    stepfunctions._run_sub_machine = run_item_and_tell
    for kind in ["Pass", "Task", "Choice", "Wait", "Map"]:
        name = f"_execute_{kind.lower()}"
        setattr(stepfunctions, name, and_tell(kind, getattr(stepfunctions, name)))
    error_of_fail = stepfunctions._fail_state_error

    def error_of_fail_and_tell(state, given, context):
        tell("Fail", "StateEntered", context, "input", given)
        return error_of_fail(state, given, context)

    stepfunctions._fail_state_error = error_of_fail_and_tell


def let_nested_executions_fail_as_on_aws():
    from ministack.services import stepfunctions

    start = stepfunctions._invoke_nested_start_execution_sync

    def start_once(resource, arguments):
        request = stepfunctions._nested_start_execution_request(arguments)
        machine = request["stateMachineArn"].replace(":stateMachine:", ":execution:")
        execution = f"{machine}:{request.get('name')}"
        if execution in stepfunctions._executions:
            raise stepfunctions._ExecutionError(
                "StepFunctions.ExecutionAlreadyExistsException", f"Execution Already Exists: '{execution}'"
            )
        try:
            return start(resource, arguments)
        except stepfunctions._ExecutionError as failure:
            cause = {"ExecutionArn": execution, "Error": failure.error, "Cause": failure.cause, "Status": "FAILED"}
            raise stepfunctions._ExecutionError("States.TaskFailed", json.dumps(cause)) from failure

    stepfunctions._invoke_nested_start_execution_sync = start_once


def let_templates_make_typed_mappings():
    from ministack.services import lambda_svc
    from ministack.services.cloudformation import provisioners

    # A parameter is a text to the emulator, of whatever type it is to the template.
    numbers = {
        "BatchSize",
        "MaximumBatchingWindowInSeconds",
        "MaximumRecordAgeInSeconds",
        "MaximumRetryAttempts",
        "ParallelizationFactor",
    }
    booleans = {"BisectBatchOnFunctionError", "Enabled"}

    def typed(properties):
        def value(name, value):
            if isinstance(value, str) and name in numbers:
                return int(value)
            return value == "true" if isinstance(value, str) and name in booleans else value

        return {name: value(name, given) for name, given in properties.items()}

    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
    create, update = handlers["create"], handlers["update"]

    def create_typed(logical_id, properties, stack_name):
        made = create(logical_id, typed(properties), stack_name)
        mapping = lambda_svc._esms[made[0]]
        mapping["State"] = "Enabled" if mapping["Enabled"] else "Disabled"
        return made

    def update_typed(physical_id, before, after, stack_name):
        return update(physical_id, typed(before), typed(after), stack_name)

    handlers.update(create=create_typed, update=update_typed)


def let_functions_report_failed_records():
    from ministack.services import lambda_svc

    polling = contextvars.ContextVar("polling", default=False)
    poll, execute = lambda_svc._poll_dynamodb_streams, lambda_svc._execute_function
    # By function and stream, the record that failed first: those before it are not delivered again.
    failed = {}

    def poll_and_heed():
        token = polling.set(True)
        try:
            return poll()
        finally:
            polling.reset(token)

    def number(record):
        return int(record["dynamodb"]["SequenceNumber"])

    def reports_failures(function, stream):
        mappings = [mapping for mapping in lambda_svc._esms.values() if mapping.get("EventSourceArn") == stream]
        types = [mapping.get("FunctionResponseTypes") or [] for mapping in mappings if mapping["FunctionArn"] == function]
        return any("ReportBatchItemFailures" in reported for reported in types)

    def execute_and_heed(function, event):
        if not polling.get() or "dynamodb" not in event["Records"][0]:
            return execute(function, event)
        arn = (function.get("config") or function).get("FunctionArn")
        place = (arn, event["Records"][0]["eventSourceARN"])
        if not reports_failures(*place):
            return execute(function, event)
        records = [record for record in event["Records"] if number(record) >= failed.get(place, 0)]
        result = execute(function, {**event, "Records": records})
        if result.get("error"):
            return result
        body = result.get("body")
        body = json.loads(body) if isinstance(body, (str, bytes)) else body
        identifiers = [int(failure["itemIdentifier"]) for failure in (body or {}).get("batchItemFailures", [])]
        if not identifiers:
            failed.pop(place, None)
            return result
        failed[place] = min(identifiers)
        # To the emulator, whose mapping then stays where it is, the batch has failed.
        return {**result, "error": True, "body": {"errorType": "BatchItemFailures", "errorMessage": json.dumps(body)}}

    lambda_svc._poll_dynamodb_streams = poll_and_heed
    lambda_svc._execute_function = execute_and_heed


if __name__ == "__main__":
    threading.Thread(target=follow_parent, daemon=True).start()
    sys.argv = ["ministack"]
    listener = bind()
    port = listener.getsockname()[1]
    # Read by the emulator when it is imported.
    os.environ["GATEWAY_PORT"] = str(port)
    serve_on(listener)
    tell(port)
    let_services_put_events(os.environ.pop("LOCAL_AWS_SERVICE_TOKEN"))
    find_an_accounts_things_at_once()
    tell_of_states_within_maps()
    let_nested_executions_fail_as_on_aws()
    let_templates_make_typed_mappings()
    let_functions_report_failed_records()
    from ministack.app import main

    main()
