"""Runs the emulator so that it cannot outlive the process that started it.

The parent holds the writing end of this process's standard input and never writes to it. The end of
the file means that the parent has ended, for whatever reason. The emulator and the function processes
that it spawned share a process group, which is then killed together, and the temporary files of this
instance are deleted. (A parent-death signal would be bound to the parent's thread, not to the parent.)

The launcher binds a port itself and then writes its number into the directory of this instance. So no
other program can take the port in the meantime, and a process that finds the number there has found this
instance.

The launcher also changes what cannot be changed over HTTP:

- EventBridge refuses `aws.*` sources from customers, but AWS Backup's events need one. A request that
  carries the token of this instance may use such a source.
- The resources of an account are found through an index, and idle functions cost nothing: a suite has
  hundreds of accounts and thousands of functions.
- Step Functions: the history of an execution also has the states within a Map, inner Maps included.
  Each event names the previous one, and each scheduled task has its parameters. A failing item of a
  Map aborts the others. A nested execution fails with the error names of AWS, also if the name of the
  execution is taken. An execution ends at the time limit of its definition, and stays as it ended. An
  event that a task puts names the execution, and fails the task if the bus refuses it. The state machine
  of an execution is described with its log group.
- CloudWatch: a template may have an alarm on metric math. It becomes an alarm on the first metric of
  the expression, because nothing here evaluates alarms.
- Lambda: an event source mapping of a template has numbers and booleans where the template has
  parameters. A mapping of a DynamoDB stream honours the failed records that its function reports,
  discards a batch after the maximum number of retries, and writes discarded batches to a bucket.
  Events of EventBridge and SNS are retried, and then sent to the function's destination for failures.
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
import uuid

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


def publish(port):
    path = os.path.join(os.environ["TMPDIR"], "port")
    with open(f"{path}.incomplete", "w") as file:
        file.write(str(port))
    os.rename(f"{path}.incomplete", path)


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


class ByAccount(dict):
    """Resources of one kind by account, or account and Region, and name. An index finds those of one account without
    a search through all others."""

    def __init__(self):
        super().__init__()
        self.of = {}
        self.account_of = {}

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        self.of.setdefault(key[:-1], {})[key[-1]] = value
        self.account_of[key[-1]] = key[0]

    def __delitem__(self, key):
        super().__delitem__(key)
        self.of[key[:-1]].pop(key[-1], None)
        self.account_of.pop(key[-1], None)

    def pop(self, key, *default):
        if key not in self:
            return super().pop(key, *default)
        value = self[key]
        del self[key]
        return value

    def setdefault(self, key, default=None):
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, other):
        for key, value in other.items():
            self[key] = value

    def clear(self):
        super().clear()
        self.of.clear()
        self.account_of.clear()


def index_resources_by_account():
    from ministack.core import responses

    def items(self):
        prefix = self._prefix()
        return list(self._data.of.get(prefix if isinstance(prefix, tuple) else (prefix,), {}).items())

    def add_index(dictionary):
        dictionary.__init__ = lambda self: setattr(self, "_data", ByAccount())
        dictionary.items = items
        dictionary.keys = lambda self: [key for key, _ in items(self)]
        dictionary.values = lambda self: [value for _, value in items(self)]
        dictionary.__iter__ = lambda self: iter(self.keys())
        dictionary.__len__ = lambda self: len(items(self))
        dictionary.__bool__ = lambda self: bool(items(self))

    # Before any service is imported, because each creates its own dictionaries.
    services = [name for name in sys.modules if name.startswith("ministack.services.")]
    assert not services, f"imported too early: {services}"
    add_index(responses.AccountScopedDict)
    add_index(responses.AccountRegionScopedDict)

    from ministack.services import s3

    s3._bucket_owner_account = lambda name: s3._buckets._data.account_of.get(name)


def record_histories_as_aws_does():
    from ministack.services import stepfunctions

    # The chain that records events (an execution or one item of a Map) and the id of its latest event. Items run
    # concurrently, and as on AWS each event names the previous one of its chain. The first event of an item has none.
    chain = contextvars.ContextVar("chain", default=(None, [0]))
    in_item = contextvars.ContextVar("in_item", default=False)
    arguments = contextvars.ContextVar("arguments", default=None)
    add_event, adding = stepfunctions._add_event, threading.Lock()

    def scheduled(execution, details):
        # `arn:aws:states:::lambda:invoke` is the resource `invoke` of the type `lambda`.
        kind, resource = details["resource"].split(":::")[-1].split(":", 1)
        region = execution["executionArn"].split(":")[3]
        parameters = json.dumps(arguments.get())
        return {"resourceType": kind, "resource": resource, "region": region, "parameters": parameters}

    def add_event_as_on_aws(execution, kind, details=None):
        details = dict(details or {})
        if kind == "TaskScheduled":
            of_emulator = details["taskScheduledEventDetails"]
            details["taskScheduledEventDetails"] = scheduled(execution, of_emulator)
        of, last = chain.get()
        with adding:
            if of is not execution:
                return add_event(execution, kind, details)
            event = add_event(execution, kind, {**details, "previousEventId": last[0]})
            last[0] = event["id"]
            return event

    stepfunctions._add_event = add_event_as_on_aws
    run_execution, run_item = stepfunctions._run_execution, stepfunctions._run_sub_machine

    def run_execution_in_chain(execution_arn):
        execution = stepfunctions._executions.get(execution_arn)
        chain.set((execution, [len(execution["events"])] if execution else [0]))
        in_item.set(False)
        return run_execution(execution_arn)

    def run_item_in_chain(states, start_at, given, execution, context):
        tokens = chain.set((execution, [0])), in_item.set(True)
        try:
            return run_item(states, start_at, given, execution, context)
        finally:
            chain.reset(tokens[0])
            in_item.reset(tokens[1])

    stepfunctions._run_execution = run_execution_in_chain
    stepfunctions._run_sub_machine = run_item_in_chain

    # The emulator records the top-level states of a state machine, not those within a Map.
    def record(kind, what, context, detail, value):
        if in_item.get():
            execution, _ = chain.get()
            name = what[0].lower() + what[1:]
            details = {f"{name}EventDetails": {"name": context["State"]["Name"], detail: json.dumps(value)}}
            stepfunctions._add_event(execution, f"{kind}{what}", details)

    def and_record(kind, execute):
        def execute_and_record(state, given, *rest):
            # The states of an inner Map are recorded with the items of that Map. The context is the last argument.
            record(kind, "StateEntered", rest[-1], "input", given)
            output, following = execute(state, given, *rest)
            record(kind, "StateExited", rest[-1], "output", output)
            return output, following

        return execute_and_record

    for kind in ["Pass", "Task", "Choice", "Wait", "Map"]:
        name = f"_execute_{kind.lower()}"
        setattr(stepfunctions, name, and_record(kind, getattr(stepfunctions, name)))
    error_of_fail = stepfunctions._fail_state_error

    def error_of_fail_and_record(state, given, context):
        record("Fail", "StateEntered", context, "input", given)
        return error_of_fail(state, given, context)

    stepfunctions._fail_state_error = error_of_fail_and_record
    apply_arguments = stepfunctions._apply_jsonata_arguments

    def apply_arguments_and_keep(state, given, context=None):
        applied = apply_arguments(state, given, context)
        arguments.set(applied)
        return applied

    stepfunctions._apply_jsonata_arguments = apply_arguments_and_keep


def let_a_failed_item_abort_the_others():
    from ministack.services import stepfunctions

    # One event per enclosing Map, outermost first, which is set once an item of the Map has failed. The same function
    # runs the branches of a Parallel. They differ from items in that no new Map encloses them.
    maps = contextvars.ContextVar("maps", default=())
    entered = contextvars.ContextVar("entered", default=())
    run_items, run_item = stepfunctions._run_map_items, stepfunctions._run_sub_machine

    class Aborted(stepfunctions._ExecutionError):
        def __init__(self):
            super().__init__("Aborted", "another item of the Map has failed")

    def run_items_until_one_fails(*given):
        token = maps.set((*maps.get(), threading.Event()))
        try:
            return run_items(*given)
        finally:
            maps.reset(token)

    def run_item_unless_aborted(*given):
        around = maps.get()
        if entered.get() == around:
            return run_item(*given)
        token = entered.set(around)
        try:
            return run_item(*given)
        except Aborted:
            # The failed item of this Map has raised the error already.
            if not around[-1].is_set():
                raise
        except Exception:
            around[-1].set()
            raise
        finally:
            entered.reset(token)

    def unless_aborted(execute):
        def execute_unless_aborted(*given):
            if any(failed.is_set() for failed in maps.get()):
                raise Aborted()
            return execute(*given)

        return execute_unless_aborted

    stepfunctions._run_map_items = run_items_until_one_fails
    stepfunctions._run_sub_machine = run_item_unless_aborted
    for kind in ["pass", "task", "choice", "wait", "map"]:
        name = f"_execute_{kind}"
        setattr(stepfunctions, name, unless_aborted(getattr(stepfunctions, name)))


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


def let_executions_end_once_and_in_time():
    from ministack.services import stepfunctions

    # The emulator lets a task that fails after the execution was stopped change how the execution ended.
    run, fail, ending = stepfunctions._run_execution, stepfunctions._fail_execution, threading.Lock()

    def time_limit(execution):
        machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) or {}
        try:
            return json.loads(machine.get("definition", "{}")).get("TimeoutSeconds")
        except ValueError:
            return None

    def time_out(execution):
        with ending:
            if execution["status"] != "RUNNING":
                return
            execution.update(status="TIMED_OUT", stopDate=stepfunctions.now_iso())
        stepfunctions._add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {}})
        stepfunctions._emit_execution_status_event(execution)

    def run_in_time(execution_arn):
        execution = stepfunctions._executions.get(execution_arn)
        seconds = time_limit(execution) if execution else None
        if not isinstance(seconds, (int, float)):
            return run(execution_arn)
        # The limit is not shortened like Wait states. The timer runs in the account and Region of the execution.
        timer = threading.Timer(seconds, contextvars.copy_context().run, (time_out, execution))
        timer.daemon = True
        timer.start()
        try:
            return run(execution_arn)
        finally:
            timer.cancel()

    def fail_if_running(execution, error, cause):
        with ending:
            if execution["status"] != "RUNNING":
                return
            execution["status"] = "FAILED"
        fail(execution, error, cause)

    stepfunctions._run_execution = run_in_time
    stepfunctions._fail_execution = fail_if_running


def let_tasks_put_events_as_on_aws():
    from ministack.services import stepfunctions

    resource_of_task = "arn:aws:states:::events:putEvents"
    put = stepfunctions._SERVICE_DISPATCH[resource_of_task]
    running = contextvars.ContextVar("running", default=None)
    run = stepfunctions._run_execution

    def run_known(execution_arn):
        execution = stepfunctions._executions.get(execution_arn)
        running.set([execution["executionArn"], execution["stateMachineArn"]] if execution else None)
        return run(execution_arn)

    def put_named(resource, given):
        def entry(entry):
            detail = entry.get("Detail")
            text = detail if isinstance(detail, str) else json.dumps(detail)
            return {**entry, "Detail": text, "Resources": [*entry.get("Resources", []), *(running.get() or [])]}

        result = put(resource, {**given, "Entries": [entry(one) for one in given.get("Entries", [])]})
        if result.get("FailedEntryCount"):
            raise stepfunctions._ExecutionError("EventBridge.FailedEntry", json.dumps(result))
        return result

    stepfunctions._SERVICE_DISPATCH[resource_of_task] = put_named
    stepfunctions._run_execution = run_known


def describe_log_groups_of_executions():
    from ministack.services import stepfunctions

    describe = stepfunctions._describe_state_machine_for_execution

    def describe_with_logging(data):
        status, headers, body = describe(data)
        if status == 200:
            described = json.loads(body)
            machine = stepfunctions._state_machines.get(described["stateMachineArn"]) or {}
            configured = machine.get("loggingConfiguration") or {}
            described["loggingConfiguration"] = in_lower_case(configured)
            body = json.dumps(described).encode()
        return status, headers, body

    def in_lower_case(value):
        # A template has the names with capital letters.
        if isinstance(value, dict):
            return {name[:1].lower() + name[1:]: in_lower_case(member) for name, member in value.items()}
        return [in_lower_case(item) for item in value] if isinstance(value, list) else value

    stepfunctions._describe_state_machine_for_execution = describe_with_logging


def let_templates_make_typed_mappings():
    from ministack.services import lambda_svc
    from ministack.services.cloudformation import provisioners

    # The emulator passes every parameter as a string, whatever its type in the template.
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


def let_templates_make_alarms_on_metric_math():
    from ministack.services.cloudformation import provisioners

    put = provisioners._cw_metric_alarm_put

    def put_on_first_metric(name, properties):
        properties = dict(properties)
        stats = [query["MetricStat"] for query in properties.pop("Metrics", []) if "MetricStat" in query]
        for stat in stats[:1]:
            properties.update(stat["Metric"], Statistic=stat["Stat"], Period=stat["Period"])
        return put(name, properties)

    provisioners._cw_metric_alarm_put = put_on_first_metric


def transform_each_template_once():
    from ministack.core.responses import get_account_id
    from samtranslator.translator import transform

    # The result of SAM's transform depends on the template alone, and it takes most of the time of a deployment. A
    # suite deploys the same templates hundreds of times. They differ only in the account, which is in the names of
    # buckets.
    apply, applied, stands_for_account = transform.transform, {}, f"account-{uuid.uuid4()}"

    def apply_once(template, *rest):
        account = get_account_id()
        key = json.dumps(template).replace(account, stands_for_account)
        if key not in applied:
            applied[key] = json.dumps(apply(template, *rest)).replace(account, stands_for_account)
        return json.loads(applied[key].replace(stands_for_account, account))

    transform.transform = apply_once


def let_functions_report_failed_records():
    import datetime

    from ministack.services import lambda_svc, s3

    polling = contextvars.ContextVar("polling", default=False)
    poll, execute = lambda_svc._poll_dynamodb_streams, lambda_svc._execute_function
    # The first failed record and the number of attempts, by function and stream. Records before it are not delivered
    # again.
    failed, attempts = {}, {}

    def poll_and_heed():
        token = polling.set(True)
        try:
            return poll()
        finally:
            polling.reset(token)

    def number(record):
        return int(record["dynamodb"]["SequenceNumber"])

    def mapping_of(function, stream):
        mappings = [mapping for mapping in lambda_svc._esms.values() if mapping.get("EventSourceArn") == stream]
        return next((mapping for mapping in mappings if mapping["FunctionArn"] == function), {})

    def execute_and_heed(function, event):
        if not polling.get() or "dynamodb" not in event["Records"][0]:
            return execute(function, event)
        arn = (function.get("config") or function).get("FunctionArn")
        source = (arn, event["Records"][0]["eventSourceARN"])
        mapping = mapping_of(*source)
        if "ReportBatchItemFailures" not in (mapping.get("FunctionResponseTypes") or []):
            return execute(function, event)
        records = [record for record in event["Records"] if number(record) >= failed.get(source, 0)]
        result = execute(function, {**event, "Records": records})
        body = result.get("body")
        body = json.loads(body) if isinstance(body, (str, bytes)) else body
        identifiers = [int(failure["itemIdentifier"]) for failure in (body or {}).get("batchItemFailures", [])]
        if not result.get("error") and not identifiers:
            failed.pop(source, None)
            attempts.pop(source, None)
            return result
        first = min(identifiers, default=number(records[0]))
        attempts[source] = attempts.get(source, 0) + 1 if failed.get(source, first) == first else 1
        failed[source] = first
        limit = int(mapping.get("MaximumRetryAttempts", -1))
        if 0 <= limit < attempts[source]:
            remaining = [record for record in records if number(record) >= first]
            result = {**result, "function_error": "Unhandled" if result.get("error") else None}
            lambda_svc._send_ddb_stream_failure_record(
                mapping, function, remaining, source[1], result, "RetryAttemptsExhausted"
            )
            failed.pop(source)
            attempts.pop(source)
            return {**result, "error": False}
        # Reported as a failed batch, so that the emulator does not advance the mapping.
        return {**result, "error": True, "body": {"errorType": "BatchItemFailures", "errorMessage": json.dumps(body)}}

    send = lambda_svc._send_ddb_stream_failure_record

    def send_with_records(mapping, function, batch, stream, result, condition):
        """Writes the whole event to a bucket under the key that Lambda uses."""
        condition = {"MaxRecordAgeExceeded": "RecordAgeExceeded"}.get(condition, condition)
        destination = (mapping.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination", "")
        if destination.split(":")[2:3] != ["s3"]:
            return send(mapping, function, batch, stream, result, condition)
        now = datetime.datetime.now(datetime.timezone.utc)
        arrivals = [float(record["dynamodb"]["ApproximateCreationDateTime"]) for record in (batch[0], batch[-1])]
        arrivals = [datetime.datetime.fromtimestamp(at, datetime.timezone.utc) for at in arrivals]
        shard = "shardId-00000000000000000000-00000000"
        report = {
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": (function.get("config") or function).get("FunctionArn"),
                "condition": condition,
                "approximateInvokeCount": int(mapping.get("MaximumRetryAttempts", -1)) + 1 or 1,
            },
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": result.get("function_error"),
            },
            "version": "1.0",
            "timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "DDBStreamBatchInfo": {
                "shardId": shard,
                "startSequenceNumber": str(batch[0]["dynamodb"]["SequenceNumber"]),
                "endSequenceNumber": str(batch[-1]["dynamodb"]["SequenceNumber"]),
                "approximateArrivalOfFirstRecord": arrivals[0].strftime("%Y-%m-%dT%H:%M:%SZ"),
                "approximateArrivalOfLastRecord": arrivals[1].strftime("%Y-%m-%dT%H:%M:%SZ"),
                "batchSize": len(batch),
                "streamArn": stream,
            },
            "payload": {"Records": batch},
        }
        time = now.strftime("%Y/%m/%d/%Y-%m-%dT%H.%M.%S")
        key = f"aws/lambda/{mapping['UUID']}/{shard}/{time}-{uuid.uuid4()}"
        s3._put_object(destination.split(":")[-1], key, json.dumps(report).encode(), {})

    lambda_svc._poll_dynamodb_streams = poll_and_heed
    lambda_svc._execute_function = execute_and_heed
    lambda_svc._send_ddb_stream_failure_record = send_with_records


def let_events_be_retried():
    """EventBridge and SNS invoke functions as InvocationType Event does: with retries, and then the destination for
    failures. The emulator invokes once for them."""
    from ministack.services import eventbridge, lambda_svc, sns

    def invoke(arn, event):
        function, config, _ = lambda_svc._get_func_record_for_ref(arn)
        if function and config:
            record = lambda_svc._execution_record_for_config(function, config)
            lambda_svc.invoke_async_with_retry(record, event)

    def invoke_with_event(arn, payload):
        try:
            event = json.loads(payload)
        except (json.JSONDecodeError, TypeError):
            event = {"body": payload}
        invoke(arn, event)

    def invoke_with_notification(arn, envelope, topic, subscription, *rest):
        record = {"EventVersion": "1.0", "EventSubscriptionArn": subscription, "EventSource": "aws:sns"}
        invoke(arn, {"Records": [{**record, "Sns": json.loads(envelope)}]})

    eventbridge._dispatch_to_lambda = invoke_with_event
    sns._deliver_to_lambda = invoke_with_notification


def let_idle_functions_rest():
    import queue
    import socketserver
    import types

    from ministack.core import lambda_runtime

    # The server of each function and the queue of its next invocation poll ten times a second whether they should stop.
    # With hundreds of functions, this is most of the emulator's work.
    PATIENCE = 2.0
    serve_forever = socketserver.BaseServer.serve_forever
    socketserver.BaseServer.serve_forever = lambda self, poll_interval=0.5: serve_forever(self, PATIENCE)

    class PatientQueue(queue.Queue):
        def get(self, block=True, timeout=None):
            return super().get(block, PATIENCE if timeout == 0.1 else timeout)

    lambda_runtime.queue = types.SimpleNamespace(Queue=PatientQueue, Empty=queue.Empty, Full=queue.Full)

    # Deleting a function does not wait until its server has polled either.
    def shut_down_in_background(self):
        server, self._server = self._server, None
        self._server_thread = None
        if server is not None:
            threading.Thread(target=lambda: (server.shutdown(), server.server_close()), daemon=True).start()

    lambda_runtime.ProvidedWorker._shutdown_server = shut_down_in_background


if __name__ == "__main__":
    threading.Thread(target=follow_parent, daemon=True).start()
    sys.argv = ["ministack"]
    listener = bind()
    port = listener.getsockname()[1]
    # The emulator reads it when it is imported.
    os.environ["GATEWAY_PORT"] = str(port)
    serve_on(listener)
    publish(port)
    index_resources_by_account()
    let_services_put_events(os.environ.pop("LOCAL_AWS_SERVICE_TOKEN"))
    record_histories_as_aws_does()
    let_a_failed_item_abort_the_others()
    let_nested_executions_fail_as_on_aws()
    let_executions_end_once_and_in_time()
    let_tasks_put_events_as_on_aws()
    describe_log_groups_of_executions()
    let_templates_make_typed_mappings()
    let_templates_make_alarms_on_metric_math()
    let_functions_report_failed_records()
    let_events_be_retried()
    transform_each_template_once()
    let_idle_functions_rest()
    import gc

    gc.set_threshold(50_000, 20, 100)
    sys.setswitchinterval(0.001)
    from ministack.app import main

    main()
