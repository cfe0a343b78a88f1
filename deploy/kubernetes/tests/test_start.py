"""start-data-server.sh, with a sentinel and a server that are scripts: whom does a data server follow when it starts?"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "kustomize/base/start-data-server.sh"
DOMAIN = "redis.space.svc.cluster.local"
NAMES = [f"redis-{number}.{DOMAIN}" for number in range(4)]
# Answers with the file named after the sentinel and the question, and wants the password.
CLI = '#!/bin/sh\n[ "${REDISCLI_AUTH:-}" = "pass word" ] || { echo "NOAUTH Authentication required."; exit 0; }\ncat "$WORLD/$2.$6" 2>/dev/null\n'
SERVER = '#!/bin/sh\necho started "$1"\n'


class Start(unittest.TestCase):
    def setUp(self):
        self.world = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.world)
        for name, text in (("redis-cli", CLI), ("redis-server", SERVER)):
            (self.world / name).write_text(text)
            (self.world / name).chmod(0o755)
        # Time goes by when the script sleeps: a failover happens where the test put one.
        (self.world / "sleep").write_text('#!/bin/sh\n[ ! -e "$WORLD/later" ] || cp "$WORLD"/later/* "$WORLD"\n')
        (self.world / "sleep").chmod(0o755)
        (self.world / "settings").write_text("appendonly yes\n")
        (self.world / "sentinel-password").write_text("pass word\n")
        self.conf = self.world / "redis.conf"

    def answer(self, sentinel, question, text, later=False):
        folder = self.world / "later" if later else self.world
        folder.mkdir(exist_ok=True)
        (folder / f"{sentinel}.{question}").write_text(text)

    def say_master(self, *names, **more):
        for sentinel, name in zip("abcde", names):
            self.answer(sentinel, "get-master-addr-by-name", f"{name}\n6379\n", **more)

    def start(self, number, **more):
        environment = {
            "PATH": f"{self.world}:{os.environ['PATH']}", "WORLD": str(self.world), "DATA_DIR": str(self.world),
            "SETTINGS": str(self.world / "settings"), "POD_NAME": f"redis-{number}", "FIRST": "1", "DOMAIN": DOMAIN,
            "PORT": "6379", "MASTER_NAME": "mymaster", "SENTINELS": "a b c d e", "SENTINEL_PORT": "26379",
            "SENTINEL_PASSWORD_FILE": str(self.world / "sentinel-password"), **more,
        }
        return subprocess.run(["sh", SCRIPT], env=environment, capture_output=True, text=True, timeout=60)

    def parent(self, number, **more):
        result = self.start(number, **more)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"started {self.conf}", result.stdout)
        lines = [line.split()[1] for line in self.conf.read_text().splitlines() if line.startswith("replicaof ")]
        self.assertLessEqual(len(lines), 1)
        return lines[0] if lines else None

    def test_a_new_deployment_is_a_line(self):
        for number, expected in ((1, None), (2, NAMES[1]), (3, NAMES[2])):
            self.conf.unlink(missing_ok=True)
            self.assertEqual(self.parent(number), expected)

    def test_a_new_deployment_is_a_line_also_when_the_sentinels_are_first(self):
        self.say_master(NAMES[1], NAMES[1])
        self.assertEqual(self.parent(3), NAMES[2])
        self.conf.unlink()
        self.assertEqual(self.parent(1), None)

    def test_a_star(self):
        self.assertEqual(self.parent(3, TOPOLOGY="star"), NAMES[1])

    def test_an_old_master_follows_the_new_one(self):
        self.conf.write_text("port 6379\n")
        self.say_master(NAMES[2], NAMES[2], NAMES[2])
        self.assertEqual(self.parent(1), NAMES[2])

    def test_a_promoted_replica_stays_the_master(self):
        self.conf.write_text(f"replicaof {NAMES[1]} 6379\n")
        self.say_master(NAMES[2], NAMES[2], NAMES[2])
        self.assertEqual(self.parent(2), None)

    def test_most_sentinels_count(self):
        self.conf.write_text("port 6379\n")
        self.say_master(NAMES[1], NAMES[3], NAMES[3])
        self.assertEqual(self.parent(1), NAMES[3])

    def test_a_replica_keeps_whom_it_follows(self):
        self.conf.write_text(f'replicaof "{NAMES[2]}" 6379\n')
        self.say_master(NAMES[1])
        self.assertEqual(self.parent(3), NAMES[2])

    def test_without_sentinels_it_stays_what_it_was(self):
        self.conf.write_text("port 6379\n")
        self.assertEqual(self.parent(3), None)
        self.conf.write_text(f"replicaof {NAMES[3]} 6379\n")
        self.assertEqual(self.parent(1), NAMES[3])

    def test_a_lost_volume_of_a_replica_is_filled_by_the_master(self):
        self.say_master(NAMES[3], NAMES[3])
        self.assertEqual(self.parent(2), NAMES[3])

    def test_errors_and_strangers_are_no_answers(self):
        self.say_master("192.0.2.1", "redis-1.elsewhere", "ERR No such master with that name")
        self.assertEqual(self.parent(2), NAMES[1])
        self.say_master(NAMES[3], NAMES[3])
        self.conf.unlink()
        (self.world / "sentinel-password").write_text("wrong")
        self.assertEqual(self.parent(2), NAMES[1])

    def test_an_empty_master_does_not_start_over_a_replica_with_data(self):
        self.say_master(NAMES[1], NAMES[1])
        self.answer("b", "replicas", "name\nredis-2\nslave-repl-offset\n123\n")
        result = self.start(1)
        self.assertEqual(result.returncode, 1)
        self.assertIn("hint:", result.stderr)
        self.assertFalse(self.conf.exists())
        self.assertEqual(self.parent(1, ALLOW_EMPTY_MASTER="yes"), None)

    def test_an_empty_master_waits_for_the_failover(self):
        self.say_master(NAMES[1], NAMES[1])
        self.answer("b", "replicas", "slave-repl-offset\n123\n")
        self.say_master(NAMES[2], NAMES[2], later=True)
        self.assertEqual(self.parent(1), NAMES[2])

    def test_an_empty_master_of_empty_replicas_starts(self):
        self.say_master(NAMES[1], NAMES[1])
        self.answer("b", "replicas", "slave-repl-offset\n0\n")
        self.assertEqual(self.parent(1), None)

    def test_passwords_are_quoted_and_settings_are_read_anew(self):
        (self.world / "password").write_text('a "b\\c')
        self.conf.write_text("appendonly no\nmaxmemory 1\n")
        self.parent(1, PASSWORD_FILE=str(self.world / "password"))
        text = self.conf.read_text()
        self.assertIn('requirepass "a \\"b\\\\c"\n', text)
        self.assertIn('masterauth "a \\"b\\\\c"\n', text)
        self.assertIn("appendonly yes", text)
        self.assertNotIn("maxmemory", text)
        self.assertEqual(self.conf.stat().st_mode & 0o777, 0o600)


if __name__ == "__main__":
    unittest.main()
