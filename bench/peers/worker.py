"""A process that uses a lock on command: bench/src/worker.rs says how."""

import os
import signal
import sys
import time

from filelock import FileLock
from portalocker import BoundedSemaphore

now = time.monotonic_ns


class Filelock:
    def __init__(self, path):
        self.lock = FileLock(path)

    def acquire(self):
        # It polls. 50 ms are its default; this is the best that it can do here.
        self.lock.acquire(poll_interval=0.001)

    def release(self):
        self.lock.release()


class Semaphore:
    def __init__(self, path):
        folder, name = os.path.split(path)
        self.semaphore = BoundedSemaphore(
            4, name, directory=folder, timeout=3600, check_interval=0.001, fail_when_locked=False
        )

    def acquire(self):
        self.semaphore.acquire()

    def release(self):
        self.semaphore.release()


PEERS = {"python-filelock": Filelock, "python-semaphore": Semaphore}


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def uncontended(peer, path, count):
    lock = PEERS[peer](path)
    start = now()
    for _ in range(int(count)):
        lock.acquire()
        lock.release()
    say(f"done {now() - start}")


def contend(peer, path, start, end, hold, how):
    start, end, hold = int(start), int(end), int(hold)
    lock = PEERS[peer](path)
    lines = []
    time.sleep(max(0, start - now()) / 1e9)
    while True:
        asked = now()
        if asked >= end:
            break
        lock.acquire()
        acquired = now()
        if how == "sleep":
            time.sleep(hold / 1e9)
        else:
            while now() < acquired + hold:
                pass
        released = now()
        lock.release()
        lines.append(f"{asked} {acquired} {released}")
    lines.append("done 0")
    say("\n".join(lines))


def hold(peer, path):
    say("asked")
    lock = PEERS[peer](path)
    lock.acquire()
    say(f"held {now()}")
    # Until the process is killed: a lock to which nothing refers any more is released.
    signal.pause()


say("ready")
for line in sys.stdin:
    name, *words = line.split()
    {"uncontended": uncontended, "contend": contend, "hold": hold}[name](*words)
