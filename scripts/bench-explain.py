#!/usr/bin/env python3
"""How fast `watchkeeper explain` reads a large log, and in how much memory; called by scripts/bench-explain.sh.

usage: scripts/bench-explain.py PROGRAM MEGABYTES FILE

Two logs are made from the recorded incidents (crates/watchkeeper/tests/incidents) and removed again: one of a sentinel that
mostly chatters, as real ones do, with an incident now and then; and one of nothing but incidents, a quarter as large.
`wc -l` and `grep -c +switch-master` on the same files are for scale. FILE gets a line of CSV per measurement.
"""

import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCIDENTS = ROOT / "crates/watchkeeper/tests/incidents"
STAMP = re.compile(r"(\d+):X (\d\d \w{3} \d{4} \d\d:\d\d:\d\d)\.(\d{3}) (.*)")
# Lines of chatter before each incident.
QUIET = 5000
RUNS = 3


class Clock:
    """Writes times; nearly all calls ask for the second of the call before."""

    def __init__(self):
        self.began, self.second, self.text = datetime(2026, 1, 1), -1, ""

    def write(self, ms):
        second, rest = divmod(ms, 1000)
        if second != self.second:
            self.second = second
            self.text = (self.began + timedelta(seconds=second)).strftime("%d %b %Y %H:%M:%S")
        return f"{self.text}.{rest:03}"


def recorded():
    """What a sentinel said in each incident: ms since its first line, text. All as if it were the same deployment."""
    found = []
    for path in sorted(INCIDENTS.glob("*-redis/s1.log")):
        lines, ids = [], {}
        for line in path.read_text().splitlines():
            match = STAMP.fullmatch(line)
            if match:
                at = datetime.strptime(match[2], "%d %b %Y %H:%M:%S").timestamp() * 1000 + int(match[3])
                text = re.sub(r"[0-9a-f]{40}", lambda it: ids.setdefault(it[0], f"{len(ids) + 1:040x}"), match[4])
                lines.append((at, re.sub(r"\b2\d{4}\b", lambda port: str(21000 + int(port[0]) % 20), text)))
        found.append([(int(at - lines[0][0]), text) for at, text in lines])
    return found


def chatter(dice):
    """What fills real logs: connections of clients and probes, saved states, names that are looked up, short silences."""
    port = dice.randrange(32768, 61000)
    kind = dice.random()
    if kind < 0.40:
        return [f"- Accepted 10.42.{port % 7}.{port % 251}:{port}"]
    if kind < 0.78:
        return ["- Client closed connection"]
    if kind < 0.88:
        return ["* Sentinel new configuration saved on disk"]
    if kind < 0.93:
        return [f"# Failed to resolve hostname 'redis-node-{port % 5}.redis-headless.production.svc.cluster.local'"]
    if kind < 0.96:
        peer = f"sentinel {port % 5 + 1:040x} 10.42.3.{port % 5} 26379 @ mymaster 10.42.1.7 6379"
        return [f"# +sdown {peer}", f"# -sdown {peer}"]
    replica = f"slave 10.42.2.{port % 5}:6379 10.42.2.{port % 5} 6379 @ mymaster 10.42.1.7 6379"
    return [f"# +sdown {replica}", f"# -sdown {replica}"]


def make(path, size, quiet):
    """Writes a log of this many bytes."""
    dice, clock, at, written, turn = random.Random(1), Clock(), 0, 0, 0
    incidents = recorded()
    pool = [chatter(dice) for _ in range(4096)]
    with path.open("w", buffering=1 << 20) as out:
        while written < size:
            lines = []
            for _ in range(quiet):
                for text in pool[dice.randrange(4096)]:
                    at += dice.randrange(3000)
                    lines.append(f"1:X {clock.write(at)} {text}\n")
            incident = incidents[turn % len(incidents)]
            turn += 1
            lines.extend(f"1:X {clock.write(at + since)} {text}\n" for since, text in incident)
            # A failover an hour, not one after the other.
            at += incident[-1][0] + 3_600_000
            text = "".join(lines)
            written += len(text)
            out.write(text)
    return turn


def run(command, folder):
    """Seconds, seconds of a processor, and the most memory it had, in KiB."""
    memory = folder / "memory"
    began = time.monotonic()
    # Not to /dev/null: grep would stop at the first line it finds. Started by `time`, as what this process starts itself
    # counts this process's memory as its own.
    with (folder / "out").open("w") as out:
        words = ["/usr/bin/time", "-f", "%M", "-o", str(memory), *command]
        process = subprocess.Popen(words, stdout=out, env={**os.environ, "LC_ALL": "C"})
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"error: `{' '.join(command)}` ended with status {status}")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, int(memory.read_text())


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    program, size, out = sys.argv[1], int(sys.argv[2]) << 20, pathlib.Path(sys.argv[3])
    rows = ["log,bytes,what,run,seconds,cpu_seconds,mb_per_s,mb_per_cpu_s,peak_kib"]
    with tempfile.TemporaryDirectory(prefix="bench-explain-") as name:
        folder = pathlib.Path(name)
        for name, bytes_, quiet in [("chatter", size, QUIET), ("incidents only", size // 4, 0)]:
            path = folder / "sentinel.log"
            turns = make(path, bytes_, quiet)
            bytes_ = path.stat().st_size
            print(f"\n{name}: {bytes_ / 1e6:.0f} MB, {turns} incidents; load {os.getloadavg()[0]:.1f}", flush=True)
            for what, command in [
                ("explain", [program, "explain", str(path)]),
                ("wc -l", ["wc", "-l", str(path)]),
                ("grep -c +switch-master", ["grep", "-c", "+switch-master", str(path)]),
            ]:
                results = [run(command, folder) for _ in range(RUNS)]
                size_mb = bytes_ / 1e6
                for number, (seconds, cpu, peak) in enumerate(results):
                    rates = f"{size_mb / seconds:.0f},{size_mb / cpu:.0f}"
                    rows.append(f"{name},{bytes_},{what},{number + 1},{seconds:.3f},{cpu:.3f},{rates},{peak}")
                seconds, cpu = (statistics.median(result[at] for result in results) for at in (0, 1))
                peak = max(peak for _, _, peak in results) / 1024
                print(
                    f"  {what:<24} {size_mb / seconds:>6.0f} MB/s  {size_mb / cpu:>6.0f} MB per processor second"
                    f"  {peak:>5.1f} MiB",
                    flush=True,
                )
            path.unlink()
    out.write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
