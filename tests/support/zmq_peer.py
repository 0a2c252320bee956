"""The sockets of a running sleap-nn, with the real libzmq.

    zmq_peer.py PUBLISH_PORT CONTROLLER_PORT [HEARTBEAT_MS HEARTBEAT_TIMEOUT_MS]

Connects a PUB and a SUB socket, as sleap-nn does, then obeys JSON lines on stdin:
{"hello": true}                 publish "hello" every 10 ms until the next line
{"count": N, "bytes": B}        publish N messages "INDEX:xxx…" of at least B bytes
{"texts": [...]}                publish these
{"receive": true}               print the next message received
{"watch_ms": M}                 print how many connections broke in M milliseconds
"""

import json
import queue
import sys
import threading

import zmq
from zmq.utils.monitor import recv_monitor_message

publish_port, controller_port = sys.argv[1:3]
context = zmq.Context()
publisher = context.socket(zmq.PUB)
publisher.setsockopt(zmq.SNDHWM, 0)
subscriber = context.socket(zmq.SUB)
subscriber.subscribe("")
if len(sys.argv) > 3:
    for socket in (publisher, subscriber):
        socket.setsockopt(zmq.HEARTBEAT_IVL, int(sys.argv[3]))
        socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, int(sys.argv[4]))
monitors = [s.get_monitor_socket(zmq.EVENT_DISCONNECTED) for s in (publisher, subscriber)]
publisher.connect(f"tcp://127.0.0.1:{publish_port}")
subscriber.connect(f"tcp://127.0.0.1:{controller_port}")

commands = queue.Queue()


def read_commands():
    for line in sys.stdin:
        commands.put(json.loads(line))
    commands.put(None)


def say(**what):
    print(json.dumps(what), flush=True)


threading.Thread(target=read_commands, daemon=True).start()
say(connected=True)
while (command := commands.get()) is not None:
    if "hello" in command:
        while commands.empty():
            publisher.send_string("hello")
            threading.Event().wait(0.01)
    for index in range(command.get("count", 0)):
        publisher.send_string(f"{index}:".ljust(command["bytes"], "x"))
    for text in command.get("texts", []):
        publisher.send_string(text)
    if "receive" in command:
        say(received=subscriber.recv_string())
    if "watch_ms" in command:
        threading.Event().wait(command["watch_ms"] / 1000)
        broken = 0
        for monitor in monitors:
            while monitor.poll(0):
                recv_monitor_message(monitor)
                broken += 1
        say(broken=broken)
context.destroy(linger=1000)
