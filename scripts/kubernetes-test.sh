#!/usr/bin/env bash
# Renders deploy/kubernetes with Helm's and kubectl's own code (Python packages in a virtual environment below target/),
# checks the result strictly against the API's schemas and against deploy/kubernetes/tests/rules.py, and runs the data
# servers' start script with made-up sentinels. No Kubernetes is needed, and none is contacted.
#
# usage: scripts/kubernetes-test.sh [--possible | TEST...]
#   --possible   installs the packages; where that fails, says why and ends with status 1
#   TEST         as `python -m unittest` takes it: test_start, test_render.Chart
#   WATCHKEEPER_BIN   the program that must understand the pods' environment, when set
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

venv=$(readlink -m "${CARGO_TARGET_DIR:-target}")/kubernetes/venv
wanted=deploy/kubernetes/tests/requirements.txt
prepare() {
    if cmp -s $wanted "$venv/installed.txt"; then return; fi
    command -v python3 >/dev/null || { echo "no \`python3\`"; return 1; }
    mkdir -p "${venv%/*}"
    python3 -m venv "$venv" >"$venv.log" 2>&1 || { echo "python3 -m venv: $(tail -n 1 "$venv.log")"; return 1; }
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r $wanted >"$venv.log" 2>&1 ||
        { echo "the Python packages of $wanted cannot be had: $(tail -n 1 "$venv.log")"; return 1; }
    cp $wanted "$venv/installed.txt"
}

if ! why=$(prepare); then
    if [ "${1:-}" = --possible ]; then say "$why"; exit 1; fi
    fail "$why" "look into $venv.log; apt-get install python3-venv"
fi
if [ "${1:-}" = --possible ]; then exit 0; fi
cd deploy/kubernetes/tests
PYTHONDONTWRITEBYTECODE=1 exec "$venv/bin/python" -m unittest "$@"
