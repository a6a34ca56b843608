"""Runs the emulator so that it cannot outlive the process that started it.

The parent holds the writing end of this process's standard input and never writes to it: the end
of the file is the end of the parent, however it ended. The emulator and every function process it
spawned share a process group, which is then killed as one, and the instance's temporary files go
with it. (A parent-death signal would be bound to the parent's thread, not to the parent.)

The port is chosen here, by binding it, and only then told. So no other program can be quicker, and
whoever finds the port in this instance's own folder has found this instance.

One more thing happens here that cannot be done over HTTP: EventBridge refuses `aws.*` sources from
customers, and rightly so, but AWS Backup's own events have to come from somewhere. A request that
carries this instance's token may use such a source.
"""

import hmac
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
    from ministack.app import main

    main()
