#!/usr/bin/env python3
"""Records what the real redis-sentinel says to single lines.

usage: record_lines.py < candidates > lines.txt

Every candidate stands between a `sentinel monitor` line and a line that is refused, so that the program never runs.
Output: candidate, TAB, `ok` or the message. `$DIR` in a candidate is a directory with an executable `run.sh`.
"""
import os, re, subprocess, sys, tempfile

def verdict(path, line, here):
    general = not re.match(r'\s*"?sentinel', line, re.I)
    last = 'zzz' if general else 'sentinel zzz'
    with open(path, 'w') as f:
        f.write(f'sentinel monitor mm 127.0.0.1 6379 2\n{line}\n{last}\n')
    done = subprocess.run(['redis-sentinel', path], capture_output=True, cwd=here, timeout=10)
    text = done.stderr.decode(errors='surrogateescape').split('\n')
    at = re.search(r'at line (\d+)', '\n'.join(text))
    if at is None:
        return 'log: ' + done.stdout.decode().strip().split('\n')[-1].split(' # ')[-1]
    return 'ok' if at.group(1) == '3' else text[-2]

with tempfile.TemporaryDirectory() as here:
    script = os.path.join(here, 'run.sh')
    open(script, 'w').close()
    os.chmod(script, 0o755)
    for line in sys.stdin:
        line = line.rstrip('\n')
        said = verdict(os.path.join(here, 's.conf'), line.replace('$DIR', here), here)
        print(line, said.replace(here, '$DIR'), sep='\t')
