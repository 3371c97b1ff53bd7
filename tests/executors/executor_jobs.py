"""Functions that the tests run in workers: good ones and every kind of bad one."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path


def echo(payload):
    return payload


def raise_value_error(payload):
    raise ValueError("no good")


def exit_by_system_exit(payload):
    sys.exit(3)


def wait_for_file(payload):
    """Return once the file named by the payload is there: the test decides when."""
    path = Path(os.fsdecode(payload))
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    return b"released"


def process_id(payload):
    return str(os.getpid()).encode()


def environment(payload):
    return os.environ.get(payload.decode(), "").encode()


def kill_myself(payload):
    os.kill(os.getpid(), 9)


def exit_at_once(payload):
    os._exit(int(payload))


def segfault(payload):
    ctypes.string_at(0)


def answer_a_lock(payload):
    return threading.Lock()


def die_while_answering(payload):
    """Be killed when half of the answer is in the pipe."""

    def send_half(connection, buffer):
        os.write(connection.fileno(), buffer[: len(buffer) // 2])
        os.kill(os.getpid(), 9)

    Connection._send = send_half
    return bytes(1000)


def spin(payload):
    """Write down who I am, then never come back."""
    Path(os.fsdecode(payload)).write_text(str(os.getpid()))
    while True:
        pass


def spin_with_a_child(payload):
    """Start a program, write down its process id, then never come back."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    partial = Path(os.fsdecode(payload) + ".part")
    partial.write_text(str(child.pid))
    partial.rename(os.fsdecode(payload))
    while True:
        pass


def die_leaving_a_forked_child(payload):
    """Die while a forked child still holds the pipe that should tell of it."""
    child = os.fork()
    if child == 0:
        time.sleep(20)
        os._exit(0)
    Path(os.fsdecode(payload)).write_text(str(child))
    os._exit(7)


def blocked_signals(payload):
    return repr(signal.pthread_sigmask(signal.SIG_BLOCK, [])).encode()
