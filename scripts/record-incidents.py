#!/usr/bin/env python3
"""Records logs of real incidents, on loopback, for the tests of `watchkeeper explain`.

usage: scripts/record-incidents.py [--ours PROGRAM] [--valkey PROGRAM] [--other NAME=PROGRAM]... [--out DIR] [NAME...]

Each incident is a function below; its name and the flavour of its sentinels make the folder:
crates/watchkeeper/tests/incidents/<incident>-<flavour>/s1.log, s2.log, ... Data servers are always redis-server.
Without `--ours` and `--valkey` only redis-sentinel is recorded; `--other` adds releases, such as
`redis-8.2=/opt/redis-server`. Clocks are set by libfaketime, which a program with jemalloc may not bear. A folder that is
recorded anew needs its reports written anew: WRITE_REPORTS=1 cargo test -p watchkeeper --test explain
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
GROUP = "mymaster"
# From the package faketime. It cannot be loaded into Debian's redis-sentinel, whose jemalloc asks for the time too early.
FAKETIME = [
    pathlib.Path(f"/usr/lib/{cpu}-linux-gnu/faketime/libfaketimeMT.so.1") for cpu in ("x86_64", "aarch64")
]
PATIENCE = 90
ATTEMPTS = 8


def ask(port, *words, wait=2.0):
    """One command, its raw answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as link:
        text = b"*%d\r\n" % len(words)
        for word in words:
            word = str(word).encode()
            text += b"$%d\r\n%s\r\n" % (len(word), word)
        link.sendall(text)
        link.settimeout(wait)
        return link.recv(65536).decode(errors="replace")


class Unlucky(Exception):
    """It did not come to what should be recorded."""


class Stage:
    """Servers and sentinels of one incident."""

    def __init__(self, flavour, programs, base):
        self.flavour, self.programs, self.base = flavour, programs, base
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="incident-"))
        self.running, self.logs, self.confs = {}, {}, {}
        # the files that say how far a sentinel's clock is off, by its port
        self.clocks = {}
        self.servers, self.sentinels = [], []

    def server(self, of=None, *words):
        port = self.base + len(self.servers)
        self.servers.append(port)
        self.confs[port] = ["--port", port, "--save", "", "--dir", self.dir, "--repl-diskless-sync-delay", 0, *words]
        if of:
            self.confs[port] += ["--replicaof", "127.0.0.1", of]
        self.start(port)
        return port

    def start(self, port):
        command = ["redis-server", *map(str, self.confs[port])]
        self.running[port] = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=self.dir)
        self.until(lambda: "PONG" in ask(port, "PING"), f"server {port}")

    def sentinel(
        self, master, quorum=2, down_after=1000, timeout=10000, port=None, myid=None, log=None, more=(), clocked=False
    ):
        number = len(self.sentinels) + 1
        port = port or self.base + 10 + number
        name = log or f"s{number}"
        if log is None:
            self.sentinels.append(port)
        conf = self.dir / f"{name}-{port}.conf"
        lines = [f"port {port}", f"dir {self.dir}", f"logfile {self.dir / name}.log"]
        if self.flavour == "valkey":
            lines += ["log-format logfmt", f"log-timestamp-format {['iso8601', 'milliseconds', 'legacy'][number % 3]}"]
        if myid:
            lines.append(f"sentinel myid {myid}")
        for group, at in {GROUP: master, **dict(more)}.items():
            lines += [
                f"sentinel monitor {group} 127.0.0.1 {at} {quorum}",
                f"sentinel down-after-milliseconds {group} {down_after}",
                f"sentinel failover-timeout {group} {timeout}",
            ]
        conf.write_text("\n".join(lines) + "\n")
        self.logs[port] = self.dir / f"{name}.log"
        self.confs[port] = conf
        if clocked:
            self.clocks[port] = self.dir / f"{name}.clock"
            self.shift(port, 0)
        self.start_sentinel(port)
        return port

    def start_sentinel(self, port):
        conf = str(self.confs[port])
        program = self.programs[self.flavour]
        command = {"redis": [program, conf], "ours": [program, "run", conf]}
        command = command.get(self.flavour, [program, conf, "--sentinel"])
        environment = dict(os.environ)
        if port in self.clocks:
            environment |= {
                "LD_PRELOAD": str(next(library for library in FAKETIME if library.is_file())),
                "FAKETIME_TIMESTAMP_FILE": str(self.clocks[port]),
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "DONT_FAKE_MONOTONIC": "1",
            }
        self.running[port] = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.dir, env=environment
        )
        self.until(lambda: "PONG" in ask(port, "PING"), f"sentinel {port}")

    def shift(self, port, seconds):
        """Only the wall clock of this sentinel, against everybody else's."""
        fresh = self.clocks[port].with_suffix(".new")
        fresh.write_text(f"{seconds:+d}s\n")
        fresh.rename(self.clocks[port])

    def usual(self, replicas=2, sentinels=3, quorum=2, words=(), **settings):
        master = self.server()
        for _ in range(replicas):
            self.server(master, *words)
        self.until(lambda: ask(master, "INFO", "replication").count("state=online") == replicas, "replication")
        for _ in range(sentinels):
            self.sentinel(master, quorum, **settings)
        self.settled(replicas, sentinels)
        return master

    def settled(self, replicas, sentinels):
        def known():
            for port in self.sentinels:
                info = ask(port, "INFO", "sentinel")
                if f"slaves={replicas},sentinels={sentinels}" not in info or "status=ok" not in info:
                    return False
            return True
        self.until(known, "the sentinels know each other")
        # Replicas are judged by fresh answers to INFO.
        time.sleep(2)

    def signal(self, port, which):
        os.kill(self.running[port].pid, which)

    def kill(self, port):
        self.signal(port, signal.SIGKILL)
        self.running.pop(port).wait()

    def seen(self, what, times=1, of=None):
        """Waits until the logs of these sentinels have each said it so often."""
        for port in of or [p for p in self.sentinels if p in self.running]:
            self.until(lambda: self.logs[port].read_text(errors="replace").count(what) >= times, f"`{what}` at {port}")

    def seen_by_one(self, what, times=1):
        said = lambda: any(log.read_text(errors="replace").count(what) >= times for log in self.logs.values())
        self.until(said, f"`{what}` somewhere")

    def who_said(self, what):
        return next(port for port, log in self.logs.items() if what in log.read_text(errors="replace"))

    def until(self, met, what):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                if met():
                    return
            except OSError:
                pass
            time.sleep(0.01)
        raise TimeoutError(f"{what}: not within {PATIENCE} s")

    def close(self):
        for process in self.running.values():
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def master_crash(stage):
    master = stage.usual()
    stage.kill(master)
    stage.seen("+switch-master")
    time.sleep(3)
    stage.start(master)
    stage.seen("-sdown slave")
    stage.seen_by_one("+convert-to-slave")


def master_hang(stage):
    master = stage.usual()
    stage.signal(master, signal.SIGSTOP)
    stage.seen("+switch-master")
    time.sleep(5)
    stage.signal(master, signal.SIGCONT)
    stage.seen("-sdown slave")
    stage.seen_by_one("+convert-to-slave") if stage.flavour != "ours" else time.sleep(3)


def manual_failover(stage):
    stage.usual()
    ask(stage.sentinels[0], "SENTINEL", "FAILOVER", GROUP)
    stage.seen("+switch-master")
    time.sleep(2)


def no_good_slave(stage):
    master = stage.usual(words=("--replica-priority", 0))
    stage.kill(master)
    stage.seen_by_one("-failover-abort-no-good-slave")
    time.sleep(4)
    stage.start(master)
    stage.seen("-sdown master")


def replicas_down(stage):
    master = stage.usual()
    for replica in stage.servers[1:]:
        stage.kill(replica)
    stage.seen("+sdown slave", 2)
    stage.kill(master)
    stage.seen_by_one("-failover-abort-no-good-slave")
    time.sleep(1)


def not_elected(stage):
    master = stage.usual(quorum=1)
    for sentinel in stage.sentinels[1:]:
        stage.kill(sentinel)
    stage.seen("+sdown sentinel", 2)
    stage.kill(master)
    stage.seen("-failover-abort-not-elected")
    time.sleep(2)
    stage.start(master)
    stage.seen("-sdown master")


def no_quorum(stage):
    master = stage.usual()
    for sentinel in stage.sentinels[1:]:
        stage.kill(sentinel)
    stage.seen("+sdown sentinel", 2)
    stage.kill(master)
    stage.seen("+sdown master")
    time.sleep(6)


def flapping(stage):
    """Whoever is the master stops again and again, until somebody says so."""
    stage.usual()
    for _ in range(4):
        answer = ask(stage.sentinels[0], "SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP)
        master = int(answer.split("\r\n")[4])
        down = f"+sdown master {GROUP} 127.0.0.1 {master}"
        times = max(log.read_text().count(down) for log in stage.logs.values())
        stage.signal(master, signal.SIGSTOP)
        stage.seen_by_one(down, times + 1)
        stage.signal(master, signal.SIGCONT)
        time.sleep(3)


def quick_return(stage):
    master = stage.usual(quorum=3)
    stage.kill(master)
    stage.seen_by_one("+sdown master")
    stage.start(master)
    stage.seen_by_one("-sdown master")
    time.sleep(2)


def tilt(stage):
    stage.usual()
    stage.signal(stage.sentinels[0], signal.SIGSTOP)
    time.sleep(4)
    stage.signal(stage.sentinels[0], signal.SIGCONT)
    stage.seen("-tilt", of=stage.sentinels[:1])


def tilt_during_crash(stage):
    master = stage.usual()
    for sentinel in stage.sentinels[:2]:
        stage.signal(sentinel, signal.SIGSTOP)
    time.sleep(4)
    for sentinel in stage.sentinels[:2]:
        stage.signal(sentinel, signal.SIGCONT)
    stage.seen("+tilt", of=stage.sentinels[:2])
    stage.kill(master)
    stage.seen("+switch-master")
    time.sleep(2)


def clock_jump(stage):
    """The clock of one is set forward."""
    stage.usual(clocked=True)
    stage.shift(stage.sentinels[0], 10)
    stage.seen("-tilt", of=stage.sentinels[:1])


def clocks_set_back(stage):
    """The clocks of two are set back, as by a time service that steps; then the master dies."""
    master = stage.usual(clocked=True)
    for sentinel in stage.sentinels[:2]:
        stage.shift(sentinel, -5)
    stage.seen("+tilt", of=stage.sentinels[:2])
    stage.kill(master)
    stage.seen("+switch-master")
    time.sleep(2)


def split_vote(stage):
    """Two come forward in the same instant: a matter of luck, so it is tried again."""
    master = stage.usual(sentinels=2, quorum=1, timeout=6000)
    stage.kill(master)
    stage.seen("+switch-master")
    if not any("-failover-abort-not-elected" in log.read_text() for log in stage.logs.values()):
        raise Unlucky("one was first")
    time.sleep(1)


def leader_dies(stage):
    master = stage.usual(timeout=6000)
    stage.kill(master)
    stage.seen_by_one("+elected-leader")
    stage.kill(stage.who_said("+elected-leader"))
    stage.seen("+switch-master")
    time.sleep(3)


def promotion_hangs(stage):
    master = stage.usual(timeout=6000)
    stage.kill(master)
    stage.seen_by_one("+selected-slave")
    text = stage.logs[stage.who_said("+selected-slave")].read_text()
    chosen = int(text.split("+selected-slave slave 127.0.0.1:")[1].split()[0])
    stage.signal(chosen, signal.SIGSTOP)
    stage.seen_by_one("-failover-abort-slave-timeout")
    stage.seen("+switch-master")
    time.sleep(2)


def sentinel_moves(stage):
    master = stage.usual()
    gone = stage.sentinels[2]
    myid = ask(gone, "SENTINEL", "MYID").split("\r\n")[1]
    stage.kill(gone)
    stage.sentinel(master, port=stage.base + 19, myid=myid, log="s3")
    stage.seen("+sentinel-address-switch", of=stage.sentinels[:2])
    time.sleep(1)


def quorums_differ(stage):
    master = stage.server()
    stage.server(master)
    stage.until(lambda: "state=online" in ask(master, "INFO", "replication"), "replication")
    stage.sentinel(master, 2)
    stage.sentinel(master, 3)
    stage.settled(1, 2)
    stage.kill(master)
    stage.seen("+switch-master")
    time.sleep(1)


def reset(stage):
    stage.usual()
    ask(stage.sentinels[1], "SENTINEL", "RESET", GROUP)
    stage.seen("+sentinel", 4, of=stage.sentinels[1:2])
    time.sleep(1)


def two_groups(stage):
    """Both masters of two groups die at once."""
    masters = [stage.server(), stage.server()]
    for master in masters:
        replica = stage.server(master)
        stage.until(lambda: "state=online" in ask(master, "INFO", "replication"), f"replica {replica}")
    for _ in range(3):
        stage.sentinel(masters[0], more={"other": masters[1]})
    stage.settled(1, 3)
    for master in masters:
        stage.kill(master)
    stage.seen("+switch-master", 2)
    time.sleep(2)


def failovers_in_a_row(stage):
    """Whoever is the master is killed, and started again as soon as it is replaced."""
    stage.usual(timeout=4000)
    for times in range(1, 4):
        answer = ask(stage.sentinels[0], "SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP)
        master = int(answer.split("\r\n")[4])
        stage.kill(master)
        stage.seen("+switch-master", times)
        stage.start(master)
        # A failover is not begun within twice failover-timeout of the last.
        time.sleep(15)


def promoted_by_hand(stage):
    """Somebody makes a replica a master behind the sentinels' back."""
    stage.usual()
    ask(stage.servers[1], "REPLICAOF", "NO", "ONE")
    stage.seen("role-change slave" if stage.flavour == "redis" else "+failover-detected")
    stage.seen_by_one("+convert-to-slave")
    time.sleep(2)


def sentinel_restarts(stage):
    """One is stopped in good order and comes back; the master dies in between."""
    master = stage.usual()
    gone = stage.sentinels[2]
    stage.signal(gone, signal.SIGTERM)
    stage.running.pop(gone).wait()
    stage.seen("+sdown sentinel")
    stage.kill(master)
    stage.seen("+switch-master")
    stage.start_sentinel(gone)
    stage.seen("+switch-master")
    time.sleep(2)


@contextlib.contextmanager
def streams(stage, names):
    """The streams of events of the first sentinels, as `redis-cli psubscribe '*'` prints them, are recorded instead of logs."""
    files = [stage.dir / name for name in names]
    watchers = [
        subprocess.Popen(["redis-cli", "-p", str(port), "psubscribe", "*"], stdout=file.open("w"))
        for port, file in zip(stage.sentinels, files)
    ]
    time.sleep(0.5)
    try:
        yield
        time.sleep(1)
        stage.logs = dict(enumerate(files))
    finally:
        for watcher in watchers:
            watcher.kill()
            watcher.wait()


def psubscribe(stage):
    master = stage.usual()
    with streams(stage, ["stream.txt"]):
        stage.kill(master)
        stage.seen("+switch-master")


def no_quorum_in_a_stream(stage):
    master = stage.usual()
    with streams(stage, ["stream.txt"]):
        for sentinel in stage.sentinels[1:]:
            stage.kill(sentinel)
        stage.seen("+sdown sentinel", 2)
        stage.kill(master)
        stage.seen("+sdown master")
        time.sleep(6)


def streams_of_two_failovers(stage):
    """Each is asked of another sentinel."""
    stage.usual(timeout=4000)
    with streams(stage, ["pub1.txt", "pub2.txt", "pub3.txt"]):
        for times, sentinel in enumerate(stage.sentinels[:2], 1):
            ask(sentinel, "SENTINEL", "FAILOVER", GROUP)
            stage.seen("+switch-master", times)
            time.sleep(14)


def replicas_of(sentinel):
    """What a sentinel knows of each replica: offset, age of what it knows, and name."""
    words = [word for word in ask(sentinel, "SENTINEL", "REPLICAS", GROUP).split("\r\n") if word[:1] not in ("*", "$", "")]
    wanted = ("slave-repl-offset", "info-refresh", "name")
    values = [[value for key, value in zip(words, words[1:]) if key == want] for want in wanted]
    return [(int(offset), int(age), name) for offset, age, name in zip(*values)]


def of_two_opinions(stage):
    """Two sentinels that would promote different replicas: each has newer news of another one, and a client writes."""
    master = stage.server()
    slow = [stage.server(master), stage.server(master)]
    stage.until(lambda: ask(master, "INFO", "replication").count("state=online") == 2, "replication")
    for _ in range(3):
        stage.sentinel(master, down_after=5000, timeout=4000)
        time.sleep(2.5)
    stage.settled(2, 3)
    loop = "for n in range(10**9): s.sendall(b'SET k%d %s\\r\\n' % (n % 100, b'x' * 300)); s.recv(99)"
    code = f"import socket\ns = socket.create_connection(('127.0.0.1', {master}))\n{loop}"
    stage.running["writer"] = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    for sentinel, replica in zip(stage.sentinels, slow):
        due = lambda: any(age > 9300 and not name.endswith(str(replica)) for _, age, name in replicas_of(sentinel))
        stage.until(due, "INFO is due")
        stage.signal(replica, signal.SIGSTOP)
        time.sleep(1.5)
        stage.signal(replica, signal.SIGCONT)
    choice = lambda sentinel: max(replicas_of(sentinel))[2]
    stage.until(lambda: choice(stage.sentinels[0]) != choice(stage.sentinels[1]), "two opinions")


def two_masters(stage):
    """Both are called at the same moment: a matter of luck, so it is tried again."""
    for sentinel in stage.sentinels[:2]:
        ask(sentinel, "SENTINEL", "FAILOVER", GROUP)
    time.sleep(45)
    if len({line.split()[-5] for log in stage.logs.values() for line in log.read_text().splitlines() if "+promoted" in line}) < 2:
        raise Unlucky("one master")


def called_twice_two_masters(stage):
    of_two_opinions(stage)
    two_masters(stage)


def streams_of_two_masters(stage):
    of_two_opinions(stage)
    with streams(stage, ["pub1.txt", "pub2.txt", "pub3.txt"]):
        two_masters(stage)


EVERYWHERE = [master_crash, master_hang, manual_failover, no_good_slave, not_elected, flapping, tilt]
INCIDENTS = EVERYWHERE + [
    replicas_down, no_quorum, quick_return, tilt_during_crash, split_vote, leader_dies, promotion_hangs,
    sentinel_moves, quorums_differ, reset, psubscribe, no_quorum_in_a_stream, streams_of_two_failovers,
    called_twice_two_masters, streams_of_two_masters, two_groups, failovers_in_a_row, sentinel_restarts,
]
CLOCKED = [clock_jump, clocks_set_back]
OURS_ONLY = [promoted_by_hand]
RELEASES = [master_crash, manual_failover, no_good_slave, not_elected] + CLOCKED


def record(incident, flavour, programs, base, out):
    name = f"{incident.__name__.replace('_', '-')}-{flavour}"
    stage = Stage(flavour, programs, base)
    try:
        incident(stage)
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        for log in sorted(set(stage.logs.values())):
            shutil.copy(log, folder / log.name)
        print(f"{name}: {sum(1 for log in set(stage.logs.values()) for _ in log.open(errors='replace'))} lines", flush=True)
        return True
    except Unlucky as error:
        print(f"{name}: {error}", file=sys.stderr, flush=True)
        return None
    except (TimeoutError, OSError, StopIteration) as error:
        print(f"{name}: {error}", file=sys.stderr, flush=True)
        return False
    finally:
        stage.close()


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--ours", help="our program")
    args.add_argument("--valkey", help="valkey-server")
    args.add_argument("--other", action="append", default=[], metavar="NAME=PROGRAM", help="another release's server")
    args.add_argument("--out", type=pathlib.Path, default=ROOT / "crates/watchkeeper/tests/incidents")
    args.add_argument("--base", type=int, default=21000, help="first port")
    args.add_argument("names", nargs="*")
    given = args.parse_args()
    # What was started is ended in every case.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    programs = {"redis": "redis-sentinel", "ours": given.ours, "valkey": given.valkey}
    programs |= dict(other.split("=", 1) for other in given.other)
    recorded = {"redis": INCIDENTS, "ours": EVERYWHERE + CLOCKED + OURS_ONLY, "valkey": EVERYWHERE + CLOCKED}
    base, good = given.base, True
    for flavour in [name for name, program in programs.items() if program]:
        for incident in recorded.get(flavour, RELEASES):
            name = f"{incident.__name__.replace('_', '-')}-{flavour}"
            base += 20
            if not given.names or name in given.names:
                results = (record(incident, flavour, programs, base, given.out) for _ in range(ATTEMPTS))
                good &= next((result for result in results if result is not None), False)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
