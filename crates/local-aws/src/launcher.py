"""Runs the emulator so that it cannot outlive the process that started it.

The parent holds the writing end of this process's standard input and never writes to it: the end
of the file is the end of the parent, however it ended. The emulator and every function process it
spawned share a process group, which is then killed as one, and the instance's temporary files go
with it. (A parent-death signal would be bound to the parent's thread, not to the parent.)

One more thing happens here that cannot be done over HTTP: EventBridge refuses `aws.*` sources from
customers, and rightly so, but AWS Backup's own events have to come from somewhere. A request that
carries this instance's token may use such a source.
"""

import hmac
import os
import shutil
import signal
import sys
import threading

TOKEN_MEMBER = "LocalAwsServiceToken"


def follow_parent():
    while os.read(0, 1):
        pass
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def let_services_put_events(token):
    from ministack.services import eventbridge

    put_events = eventbridge._put_events

    def put_events_of_a_service(data, allow_aws_source=False):
        presented = str(data.pop(TOKEN_MEMBER, "")).encode()
        trusted = allow_aws_source or hmac.compare_digest(presented, token.encode())
        return put_events(data, allow_aws_source=trusted)

    eventbridge._put_events = put_events_of_a_service


if __name__ == "__main__":
    threading.Thread(target=follow_parent, daemon=True).start()
    sys.argv = ["ministack"]
    let_services_put_events(os.environ.pop("LOCAL_AWS_SERVICE_TOKEN"))
    from ministack.app import main

    main()
