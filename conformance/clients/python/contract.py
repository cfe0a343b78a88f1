"""The part of the contract (../README.md) that both redis-py programs share: arguments, output, the stop signal."""

import os
import signal
import sys
import time

PERIOD = 0.02


class Report:
    """Counts writes and prints a line for every change of state."""

    def __init__(self):
        self.key = f"client:{os.getpid()}"
        self.number = 0
        self.writes = 0
        self.errors = 0
        self.last = 0
        self.gap = 0.0
        self.accepted_at = None
        self.working = None
        self.stopped = False
        signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, *_):
        self.stopped = True

    def ok(self, number):
        now = time.monotonic()
        if self.accepted_at is not None:
            self.gap = max(self.gap, now - self.accepted_at)
        self.accepted_at = now
        self.writes += 1
        self.last = number
        if self.working is not True:
            print(f"ok {number}", flush=True)
        self.working = True

    def err(self, error):
        self.errors += 1
        if self.working is not False:
            text = f"{type(error).__name__} {error}".replace("\n", " ")
            print(f"err {text}", flush=True)
        self.working = False

    def next(self):
        self.number += 1
        return self.number

    def summary(self):
        gap = round(self.gap * 1000)
        print(f"summary writes={self.writes} errors={self.errors} last={self.last} gap_ms={gap}", flush=True)


def arguments():
    """(sentinel addresses, master name, credentials) from the command line."""
    addresses = [(host, int(port)) for host, port in (part.rsplit(":", 1) for part in sys.argv[1].split(","))]
    credentials = {}
    if len(sys.argv) > 4:
        credentials = {"username": sys.argv[3], "password": sys.argv[4]}
    return addresses, sys.argv[2], credentials
