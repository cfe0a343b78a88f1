#!/usr/bin/env python3
"""Records what the real redis-sentinel makes of the cases in cases/*.txt, and writes it into them.

usage (as root, in a network of its own): unshare -n sh -c 'ip link set lo up; ./record_cases.py cases/*.txt'

A case has sections, each headed by `--- <name>`: `args`, `stdin`, `file <path>` are given; `stderr`, `log`, `rewritten`
are recorded. `no-newline` after a name: without the last newline. `--- only redis` and `--- only ours` list lines of the rewritten file in which we differ on purpose,
`--- ours` whether we accept what Redis refuses, or the other way round.
`$DIR` stands for the directory of the case, `$ID` for the id the sentinel made, `$NUL` for a NUL byte.
"""
import os, re, subprocess, sys, tempfile, time

def sections(text):
    parts = re.split(r'^--- (.*)\n', text, flags=re.M)
    return parts[0], list(zip(parts[1::2], parts[2::2]))

def record(given, here):
    args, stdin, port = [], None, 26379
    for name, body in given:
        body = body.replace('$DIR', here).replace('$NUL', '\0')
        if name.endswith(' no-newline'):
            name, body = name[:-len(' no-newline')], body[:-1]
        if name == 'args':
            args = body.split('\n')[:-1]
        elif name == 'stdin':
            stdin = body
        elif name.startswith('file '):
            path = os.path.join(here, name[5:])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w') as f:
                f.write(body)
            if path.endswith('.sh'):
                os.chmod(path, 0o755)
    main = os.path.join(here, 's.conf')
    command = ['redis-sentinel', main] + args
    with open(os.path.join(here, 'stdin'), 'w') as f:
        f.write(stdin or '')
    with open(os.path.join(here, 'stdin')) as f:
        process = subprocess.Popen(command, cwd=here, stdin=f, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    before = open(main).read()
    deadline = time.monotonic() + 5
    while process.poll() is None and time.monotonic() < deadline:
        if open(main).read() != before:
            break
        if time.monotonic() > deadline - 4.7 and 'sentinel myid' in before.lower():
            ports = re.findall(r'^port "?(\d+)', before + ''.join('\n' + a for a in args), re.M) or [26379]
            subprocess.run(['redis-cli', '-p', str(ports[-1]), 'sentinel', 'flushconfig'], capture_output=True)
        time.sleep(0.02)
    alive = process.poll() is None
    if alive:
        process.terminate()
    out, err = process.communicate()
    if alive:
        text = open(main).read()
        found = re.search(r'^sentinel myid (\S+)', text, re.M)
        if found and found.group(1) not in before:
            text = text.replace(found.group(1), '$ID')
        return [('rewritten', text.replace(here, '$DIR').replace('\0', '$NUL'))]
    log = [line.split(' # ', 1)[1] for line in out.decode().split('\n') if ' # ' in line]
    log = [line for line in log if not line.startswith(('WARNING', 'Redis version', 'Configuration loaded', 'oO0'))]
    result = []
    if log:
        result.append(('log', '\n'.join(log).replace(here, '$DIR') + '\n'))
    if err:
        result.append(('stderr', err.decode(errors='replace').replace(here, '$DIR')))
    return [(name, text.replace('\0', '$NUL')) for name, text in result]

for path in sys.argv[1:]:
    comment, parts = sections(open(path).read())
    given = [part for part in parts if part[0].startswith(('args', 'stdin', 'file'))]
    differ = [part for part in parts if part[0].startswith(('only', 'ours'))]
    with tempfile.TemporaryDirectory() as here:
        made = record(given, here)
    with open(path, 'w') as f:
        f.write(comment + ''.join(f'--- {name}\n{body}' for name, body in given + made + differ))
