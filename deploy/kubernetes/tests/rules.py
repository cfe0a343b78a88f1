"""What must hold for every rendering, whatever made it. Each rule takes all objects and gives back what is wrong."""

import re


def of_kind(objects, kind):
    return [each for each in objects if each["kind"] == kind]


def component(each):
    return each["metadata"]["labels"]["app.kubernetes.io/component"]


def sets(objects):
    """The two StatefulSets by component."""
    return {component(each): each for each in of_kind(objects, "StatefulSet")}


def pod(stateful):
    return stateful["spec"]["template"]["spec"]


def environment(stateful):
    """Variables with a plain value, $(NAME) put in as Kubernetes does, for the first pod."""
    values = {"POD_NAME": f"{stateful['metadata']['name']}-1", "POD_NAMESPACE": "space"}
    for variable in pod(stateful)["containers"][0]["env"]:
        if "value" in variable:
            put_in = re.sub(r"\$\((\w+)\)", lambda found: values[found[1]], variable["value"])
            values[variable["name"]] = put_in
    return values


def matches(selector, labels):
    return all(labels.get(key) == value for key, value in selector.items())


def locked_down(objects):
    wrong = []
    for name, stateful in sets(objects).items():
        spec = pod(stateful)
        whole = spec["securityContext"]
        if not (whole["runAsNonRoot"] and whole["runAsUser"] > 0 and whole["fsGroup"] > 0):
            wrong.append(f"{name}: may run as root")
        if whole["seccompProfile"]["type"] != "RuntimeDefault":
            wrong.append(f"{name}: no seccomp profile")
        if spec["automountServiceAccountToken"] is not False:
            wrong.append(f"{name}: has a token for the API server")
        for container in spec["containers"] + spec.get("initContainers", []):
            own = container.get("securityContext", {})
            if not own.get("readOnlyRootFilesystem"):
                wrong.append(f"{name}: writable root file system")
            if own.get("allowPrivilegeEscalation") is not False or own.get("privileged") is not False:
                wrong.append(f"{name}: may become privileged")
            if own.get("capabilities", {}).get("drop") != ["ALL"]:
                wrong.append(f"{name}: keeps capabilities")
            if "memory" not in container["resources"]["limits"] or not container["resources"]["requests"]:
                wrong.append(f"{name}: no limit of memory or no requests")
    return wrong


def disruption_leaves_enough(objects):
    wrong = []
    stateful = sets(objects)
    sentinels = stateful["sentinel"]["spec"]["replicas"]
    quorum = int(environment(stateful["sentinel"])["QUORUM"])
    needed = {"redis": 1, "sentinel": max(sentinels // 2 + 1, quorum)}
    budgets = {component(each): each["spec"] for each in of_kind(objects, "PodDisruptionBudget")}
    for name, need in needed.items():
        left = stateful[name]["spec"]["replicas"] - budgets[name]["maxUnavailable"]
        if left < need:
            wrong.append(f"{name}: a drain may leave {left}, needed are {need}")
        labels = stateful[name]["spec"]["template"]["metadata"]["labels"]
        if not matches(budgets[name]["selector"]["matchLabels"], labels):
            wrong.append(f"{name}: the budget does not select the pods")
    return wrong


def names_not_addresses(objects):
    wrong = []
    stateful = sets(objects)
    redis, sentinel = environment(stateful["redis"]), environment(stateful["sentinel"])
    for key in ("RESOLVE_HOSTNAMES", "ANNOUNCE_HOSTNAMES"):
        if sentinel[key] != "yes":
            wrong.append(f"{key} is {sentinel[key]}")
    if sentinel["MASTER"] != f"{redis['POD_NAME']}.{redis['DOMAIN']}":
        wrong.append(f"MASTER is {sentinel['MASTER']}, the first data server calls itself {redis['POD_NAME']}.{redis['DOMAIN']}")
    if not sentinel["ANNOUNCE_IP"].startswith(sentinel["POD_NAME"] + "."):
        wrong.append(f"a sentinel announces {sentinel['ANNOUNCE_IP']}")
    for value in list(redis.values()) + list(sentinel.values()):
        if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", value):
            wrong.append(f"an address: {value}")
    count, name = stateful["sentinel"]["spec"]["replicas"], stateful["sentinel"]["metadata"]["name"]
    asked = redis["SENTINELS"].split()
    if asked != [f"{name}-{number}.{name}" for number in range(1, count + 1)]:
        wrong.append(f"the data servers ask {asked}")
    for key in ("MASTER_NAME", "SENTINEL_PORT"):
        if redis[key] != sentinel[key]:
            wrong.append(f"{key} differs: {redis[key]}, {sentinel[key]}")
    if redis["PORT"] != sentinel["REDIS_PORT"] or redis["TOPOLOGY"] != sentinel["REPLICATION_TOPOLOGY"]:
        wrong.append("port or topology differs between data servers and sentinels")
    return wrong


def services_fit(objects):
    wrong = []
    services = {each["metadata"]["name"]: each["spec"] for each in of_kind(objects, "Service")}
    for name, stateful in sets(objects).items():
        template = stateful["spec"]["template"]
        governing = services.get(stateful["spec"]["serviceName"], {})
        if governing.get("clusterIP") != "None" or not governing.get("publishNotReadyAddresses"):
            wrong.append(f"{name}: the governing service must be headless and publish all addresses")
        if not matches(governing.get("selector", {"none": ""}), template["metadata"]["labels"]):
            wrong.append(f"{name}: the governing service does not select the pods")
        if stateful["spec"].get("ordinals") != {"start": 1} or stateful["spec"]["podManagementPolicy"] != "Parallel":
            wrong.append(f"{name}: pods begin with 1, all at once")
        if template["spec"]["enableServiceLinks"] is not False:
            wrong.append(f"{name}: service links would set REDIS_PORT and SENTINEL_PORT")
        for container in template["spec"]["containers"]:
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                if probe not in container:
                    wrong.append(f"{name}: no {probe}")
    return wrong


def state_on_volumes(objects):
    wrong = []
    for name, stateful in sets(objects).items():
        claims = {claim["metadata"]["name"] for claim in stateful["spec"]["volumeClaimTemplates"]}
        mounts = pod(stateful)["containers"][0]["volumeMounts"]
        at_data = [mount for mount in mounts if mount["mountPath"] == "/data"]
        if len(at_data) != 1 or at_data[0]["name"] not in claims or at_data[0].get("readOnly"):
            wrong.append(f"{name}: /data is not a writable volume that outlives the pod")
        if any(not mount.get("readOnly") for mount in mounts if mount not in at_data):
            wrong.append(f"{name}: more than /data can be written")
    if environment(sets(objects)["sentinel"])["STATE_DIR"] != "/data":
        wrong.append("the sentinel keeps its state elsewhere")
    return wrong


def passwords_in_secrets(objects):
    wrong = []
    for name, stateful in sets(objects).items():
        secrets = {volume["name"] for volume in pod(stateful)["volumes"] if "secret" in volume}
        mounts = {mount["mountPath"] for mount in pod(stateful)["containers"][0]["volumeMounts"] if mount["name"] in secrets}
        for key, value in environment(stateful).items():
            if "PASS" in key and not (key.endswith("_FILE") and value.rsplit("/", 1)[0] in mounts):
                wrong.append(f"{name}: {key} is not a file of a Secret")
    return wrong


def networks_closed(objects):
    """Where there are policies: both kinds of pods are selected, nobody but named peers gets in, and DNS gets out."""
    wrong = []
    policies = {component(each): each["spec"] for each in of_kind(objects, "NetworkPolicy")}
    for name, policy in policies.items():
        stateful = sets(objects)[name]
        if not matches(policy["podSelector"]["matchLabels"], stateful["spec"]["template"]["metadata"]["labels"]):
            wrong.append(f"{name}: the policy does not select the pods")
        if sorted(policy["policyTypes"]) != ["Egress", "Ingress"]:
            wrong.append(f"{name}: not both directions")
        port = pod(stateful)["containers"][0]["ports"][0]["containerPort"]
        for rule in policy["ingress"]:
            if not rule.get("from") or [each["port"] for each in rule["ports"]] != [port]:
                wrong.append(f"{name}: an open door: {rule}")
        if not any({"protocol": "UDP", "port": 53} in rule["ports"] for rule in policy["egress"]):
            wrong.append(f"{name}: no names can be looked up")
    if policies and len(policies) != 2:
        wrong.append("policies for one kind of pods only")
    return wrong


def spread_over_machines(objects):
    wrong = []
    for name, stateful in sets(objects).items():
        spec = pod(stateful)
        if not spec.get("affinity", {}).get("podAntiAffinity") and not spec.get("topologySpreadConstraints"):
            wrong.append(f"{name}: nothing keeps the pods apart")
    return wrong


RULES = [
    locked_down,
    disruption_leaves_enough,
    names_not_addresses,
    services_fit,
    state_on_volumes,
    passwords_in_secrets,
    networks_closed,
    spread_over_machines,
]


def all_wrong(objects):
    return [f"{rule.__name__}: {what}" for rule in RULES for what in rule(objects)]
