"""The chart by Helm's own code and the kustomizations by kubectl's, against the API's schemas and `rules`."""

import copy
import os
import pathlib
import re
import subprocess
import sys
import unittest

import helm_python as helm
import kubernetes_validate
import rules
import yaml

HERE = pathlib.Path(__file__).resolve().parent
CHART = HERE.parent / "chart"
KUSTOMIZE = HERE.parent / "kustomize"
KUBECTL = pathlib.Path(sys.executable).parent / "kubectl"
# The oldest Kubernetes the chart names, and the newest whose schemas are at hand.
VERSIONS = ["1.31", kubernetes_validate.latest_version()]


def rendered(values):
    with helm.Chart.load(CHART) as chart:
        files = chart.render(values, name="shop", namespace="space")
    texts = [text for name, text in sorted(files.items()) if name.endswith(".yaml")]
    return [each for text in texts for each in yaml.safe_load_all(text) if each]


def kustomized(folder):
    result = subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return list(yaml.safe_load_all(result.stdout))


def load(path):
    return yaml.safe_load(path.read_text())


class Common(unittest.TestCase):
    def check(self, objects):
        for each in objects:
            for version in VERSIONS:
                kubernetes_validate.validate(each, version, strict=True)
        self.assertEqual(rules.all_wrong(objects), [])
        names = [(each["kind"], each["metadata"]["name"]) for each in objects]
        self.assertEqual(len(names), len(set(names)), "one name twice")


class Chart(Common):
    def test_good_values_render_to_what_the_api_takes(self):
        for path in sorted((HERE / "values/good").glob("*.yaml")):
            with self.subTest(path.name):
                self.check(rendered(load(path)))

    def test_bad_values_are_refused_for_the_reason_stated(self):
        paths = sorted((HERE / "values/bad").glob("*.yaml"))
        self.assertGreater(len(paths), 10)
        for path in paths:
            reason = path.read_text().splitlines()[0].removeprefix("# refused: ")
            with self.subTest(path.name):
                with self.assertRaises(helm.HelmError) as caught:
                    rendered(load(path))
                self.assertIn(reason, str(caught.exception))

    def test_helm_lint_finds_nothing(self):
        for path in sorted((HERE / "values/good").glob("*.yaml")):
            report = helm.lint(CHART, load(path), strict=True)
            serious = [each for each in report["messages"] if each["severity"] > 1]
            self.assertEqual((serious, report["errors"]), ([], []), path.name)

    def test_values_readme_and_schema_name_the_same(self):
        paths = set(leaves(load(CHART / "values.yaml")))
        table = set(re.findall(r"^\| `([^`]+)`", (CHART / "README.md").read_text(), re.M))
        self.assertEqual(paths, table)
        with helm.Chart.load(CHART) as chart:
            schema = chart.schema
        schema = yaml.safe_load(schema) if isinstance(schema, (str, bytes)) else schema
        self.assertLessEqual(paths, set(schema_leaves(schema)))

    def test_values_reach_where_they_belong(self):
        objects = rendered(load(HERE / "values/good/spread.yaml"))
        sets = rules.sets(objects)
        sentinel, redis = rules.pod(sets["sentinel"]), rules.pod(sets["redis"])
        self.assertEqual(sentinel["containers"][0]["image"], "registry.example:5000/tools/watchkeeper:1")
        self.assertEqual(sentinel["imagePullSecrets"], [{"name": "registry"}])
        self.assertEqual(sentinel["topologySpreadConstraints"][0]["whenUnsatisfiable"], "DoNotSchedule")
        self.assertNotIn("affinity", sentinel)
        self.assertIn("requiredDuringSchedulingIgnoredDuringExecution", redis["affinity"]["podAntiAffinity"])
        self.assertEqual(redis["nodeSelector"], {"disk": "fast"})
        claim = sets["redis"]["spec"]["volumeClaimTemplates"][0]["spec"]
        self.assertEqual((claim["storageClassName"], claim["resources"]["requests"]["storage"]), ("fast", "20Gi"))
        self.assertEqual(rules.environment(sets["sentinel"])["MASTER"], "cache-redis-1.cache-redis.space.svc.example.internal")
        settings = rules.of_kind(objects, "ConfigMap")[0]["data"]["redis.conf"]
        self.assertIn("maxmemory 1gb", settings)
        self.assertEqual(len(rules.of_kind(objects, "NetworkPolicy")[0]["spec"]["ingress"][0]["from"]), 3)

    def test_numbers_stay_numbers(self):
        sets = rules.sets(rendered(load(HERE / "values/good/star.yaml")))
        self.assertEqual(rules.environment(sets["sentinel"])["DOWN_AFTER"], "3600000")
        self.assertEqual(rules.environment(sets["redis"])["TOPOLOGY"], "star")

    def test_a_secret_is_made_only_of_given_passwords(self):
        self.assertEqual(rules.of_kind(rendered(load(HERE / "values/good/defaults.yaml")), "Secret"), [])
        made = rules.of_kind(rendered(load(HERE / "values/good/passwords.yaml")), "Secret")
        self.assertEqual(set(made[0]["data"]), {"redis", "sentinel"})

    def test_the_script_is_in_the_config_map_to_the_byte(self):
        data = rules.of_kind(rendered(load(HERE / "values/good/defaults.yaml")), "ConfigMap")[0]["data"]
        script = (KUSTOMIZE / "base/start-data-server.sh").read_text()
        self.assertEqual((CHART / "files/start-data-server.sh").read_text(), script, "two copies that differ")
        self.assertEqual(data["start-data-server.sh"].strip(), script.strip())


class Kustomize(Common):
    def test_base_and_overlays_render_to_what_the_api_takes(self):
        folders = [KUSTOMIZE / "base", *sorted((KUSTOMIZE / "overlays").iterdir())]
        self.assertGreater(len(folders), 2)
        for folder in folders:
            with self.subTest(folder.name):
                self.check(kustomized(folder))

    def test_it_is_the_deployment_of_the_chart(self):
        """Same pods but for names and labels: one of the two cannot be changed alone."""
        ours, theirs = rules.sets(kustomized(KUSTOMIZE / "base")), rules.sets(rendered(load(HERE / "values/good/defaults.yaml")))
        for name in ("redis", "sentinel"):
            left, right = ours[name], theirs[name]
            self.assertEqual(left["spec"]["replicas"], right["spec"]["replicas"])
            left, right = (rules.pod(each)["containers"][0] for each in (left, right))
            for key in ("command", "startupProbe", "readinessProbe", "livenessProbe", "resources", "securityContext", "volumeMounts"):
                self.assertEqual(left.get(key), right.get(key), f"{name}: {key}")
            names = lambda each: {variable["name"] for variable in each["env"]} - {"POD_NAMESPACE"}
            self.assertEqual(names(left), names(right))

    def test_production_keeps_machines_apart(self):
        sets = rules.sets(kustomized(KUSTOMIZE / "overlays/production"))
        self.assertEqual(list(rules.pod(sets["redis"])["affinity"]["podAntiAffinity"]), ["requiredDuringSchedulingIgnoredDuringExecution"])
        spread = rules.pod(sets["sentinel"])["topologySpreadConstraints"][0]
        self.assertEqual((spread["maxSkew"], spread["minDomains"], spread["whenUnsatisfiable"]), (1, 3, "DoNotSchedule"))


class Rules(unittest.TestCase):
    """A rule that finds nothing proves nothing: each must find what it is for."""

    BREAK = {
        "locked_down": lambda sets, _: rules.pod(sets["redis"])["containers"][0]["securityContext"].pop("readOnlyRootFilesystem"),
        "disruption_leaves_enough": lambda sets, _: sets["sentinel"]["spec"].update(replicas=3 - 1),
        "names_not_addresses": lambda sets, _: rules.pod(sets["redis"])["containers"][0]["env"].append({"name": "X", "value": "10.0.0.1"}),
        "services_fit": lambda sets, _: rules.pod(sets["sentinel"]).update(enableServiceLinks=True),
        "state_on_volumes": lambda sets, _: sets["sentinel"]["spec"].update(volumeClaimTemplates=[]),
        "passwords_in_secrets": lambda sets, _: rules.pod(sets["redis"])["containers"][0]["env"].append({"name": "AUTH_PASS", "value": "x"}),
        "networks_closed": lambda _, objects: rules.of_kind(objects, "NetworkPolicy")[0]["spec"]["ingress"][0].pop("from"),
        "spread_over_machines": lambda sets, _: rules.pod(sets["redis"]).pop("affinity"),
    }

    def test_each_rule_finds_its_fault(self):
        sound = kustomized(KUSTOMIZE / "base")
        self.assertEqual(set(self.BREAK), {rule.__name__ for rule in rules.RULES})
        for rule in rules.RULES:
            broken = copy.deepcopy(sound)
            self.BREAK[rule.__name__](rules.sets(broken), broken)
            self.assertNotEqual(rule(broken), [], rule.__name__)


class Binary(unittest.TestCase):
    """The program itself reads the environment the pods get."""

    def test_the_sentinel_takes_the_environment(self):
        program = os.environ.get("WATCHKEEPER_BIN", "")
        known = program and subprocess.run([program, "config", "from-env", "--help"], capture_output=True).returncode == 0
        if not known:
            self.skipTest("no WATCHKEEPER_BIN that knows `config from-env`")
        for objects in (kustomized(KUSTOMIZE / "base"), rendered(load(HERE / "values/good/star.yaml"))):
            values = rules.environment(rules.sets(objects)["sentinel"])
            passwords = {key.removesuffix("_FILE"): "secret" for key in values if key.endswith("_FILE")}
            given = {key: value for key, value in values.items() if not key.endswith("_FILE")} | passwords
            result = subprocess.run([program, "config", "from-env"], env=given, capture_output=True, text=True)
            self.assertEqual(result.returncode, 0, result.stderr)
            for line in (f"sentinel monitor {values['MASTER_NAME']} {values['MASTER']} {values['REDIS_PORT']} {values['QUORUM']}",
                         f"sentinel replication-topology {values['MASTER_NAME']} {values['REPLICATION_TOPOLOGY']}",
                         f"sentinel announce-ip {values['ANNOUNCE_IP']}", "dir /data", "sentinel announce-hostnames yes"):
                self.assertIn(line, result.stdout.replace('"', ""))


def leaves(tree, prefix=""):
    """Paths of all values; an object that users fill themselves is one value."""
    for key, value in tree.items():
        path = f"{prefix}{key}"
        whole = path.endswith(("resources", "nodeSelector", "podAnnotations", "podLabels"))
        if isinstance(value, dict) and value and not whole:
            yield from leaves(value, path + ".")
        else:
            yield path


def schema_leaves(schema, prefix=""):
    for key, value in schema.get("properties", {}).items():
        if "properties" in value:
            yield from schema_leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key


if __name__ == "__main__":
    unittest.main()
