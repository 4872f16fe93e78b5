#!/usr/bin/env bash
# The example for Kubernetes and the container files: every field is one that its kind has and of the right type, what refers to
# something finds it, options, pages and versions are those of the service, and alert rules are those of examples/monitoring.
set -euo pipefail
cd "$(dirname "$0")/../.."
python3 -c 'import yaml' 2>/dev/null || { echo '1..0 # SKIP no YAML for Python here; run: .ci/deps python3-yaml'; exit; }
program=${MATERIALIZER:-build/materializer/reseller-materializer}
options=$("$program" --help) exec python3 - <<'PYTHON'
import json, os, re, subprocess, yaml

# What the kinds of the example have, as their schemas say: a type, a list of one kind of thing, a map of texts (text), or fields.
labels = {'*': str}
selector = {'matchLabels': labels}
probe = {'httpGet': {'path': str, 'port': str}, 'periodSeconds': int, 'timeoutSeconds': int, 'failureThreshold': int}
container = {
    'name': str, 'image': str, 'args': [str],
    'env': [{'name': str, 'value': str, 'valueFrom': {'secretKeyRef': {'name': str, 'key': str}}}],
    'ports': [{'name': str, 'containerPort': int}], 'livenessProbe': probe, 'readinessProbe': probe,
    'resources': {'requests': {'cpu': str, 'memory': str}, 'limits': {'memory': str}},
    'securityContext': {'allowPrivilegeEscalation': bool, 'readOnlyRootFilesystem': bool, 'capabilities': {'drop': [str]}}}
pod = {
    'automountServiceAccountToken': bool, 'terminationGracePeriodSeconds': int,
    'securityContext': {'runAsNonRoot': bool, 'runAsUser': int, 'seccompProfile': {'type': str}},
    'topologySpreadConstraints': [{'maxSkew': int, 'topologyKey': str, 'whenUnsatisfiable': str, 'labelSelector': selector}],
    'containers': [container]}
rule = {'alert': str, 'expr': str, 'for': str, 'labels': labels, 'annotations': labels}
specs = {
    ('apps/v1', 'Deployment'): {
        'replicas': int, 'selector': selector, 'template': {'metadata': {'labels': labels}, 'spec': pod}},
    ('policy/v1', 'PodDisruptionBudget'): {'minAvailable': int, 'selector': selector},
    ('monitoring.coreos.com/v1', 'PodMonitor'): {'selector': selector, 'podMetricsEndpoints': [{'port': str}]},
    ('monitoring.coreos.com/v1', 'PrometheusRule'): {'groups': [{'name': str, 'rules': [rule]}]}}

def wrong(value, schema, path):
    if isinstance(schema, type):
        return [] if type(value) is schema else [f'{path} is no {schema.__name__}']
    if isinstance(schema, list):
        if not isinstance(value, list) or not value: return [f'{path} is no list']
        return [w for i, item in enumerate(value) for w in wrong(item, schema[0], f'{path}[{i}]')]
    if not isinstance(value, dict): return [f'{path} has no fields']
    return [w for key, item in value.items()
            for w in (wrong(item, schema.get(key, schema.get('*')), f'{path}.{key}') if key in schema or '*' in schema
                      else [f'{path} has no field {key}'])]

number = 0
def report(what, found):
    global number
    number += 1
    print(f'{"not " if found else ""}ok {number} - {what}')
    for line in found: print('#', line)

print('1..7')
of_kind, found = {}, []
for file in 'materializer.yml', 'rules.yml':
    for thing in yaml.safe_load_all(open(f'examples/kubernetes/{file}')):
        kind = thing['apiVersion'], thing['kind']
        of_kind[thing['kind']] = thing
        schema = {'apiVersion': str, 'kind': str, 'metadata': {'name': str, 'labels': labels}, 'spec': specs.get(kind, {})}
        found += wrong(thing, schema, f'{file}: {kind[1]}')
found += [f'there is no {kind}' for _, kind in specs if kind not in of_kind]
report('every field is one that its kind has', found)

deployment = of_kind['Deployment']['spec']
template = deployment['template']
service = template['spec']['containers'][0]
carried = template['metadata']['labels'].items()
selectors = [deployment['selector'], of_kind['PodDisruptionBudget']['spec']['selector'], of_kind['PodMonitor']['spec']['selector'],
             template['spec']['topologySpreadConstraints'][0]['labelSelector']]
report('selectors find the pods', [str(s) for s in selectors if not s['matchLabels'].items() <= carried])
ports = {p['name'] for p in service['ports']}
asked = [service[p]['httpGet']['port'] for p in ('livenessProbe', 'readinessProbe')]
asked += [e['port'] for e in of_kind['PodMonitor']['spec']['podMetricsEndpoints']]
report('probes and monitor find the port', [p for p in asked if p not in ports])
served = re.findall(r'\{"(/\w+)", ', open('materializer/service/metrics.cpp').read())
report('probes ask for pages that are served',
       [p for p in ('livenessProbe', 'readinessProbe') if service[p]['httpGet']['path'] not in served])
known = set(re.findall(r'^  --([a-z-]+)', os.environ['options'], re.M))
env = {e['name']: e.get('value') for e in service['env']}
given = [a[2:] for a in service['args'] if a.startswith('--')]
given += [n[len('RESELLER_MATERIALIZER_'):].lower().replace('_', '-') for n in env if n.startswith('RESELLER_MATERIALIZER_')]
version = json.load(open('META.json'))['version']
found = [option for option in given if option not in known]
if service['image'].split(':')[1] != version: found.append('the image is of another version')
if env['RESELLER_MATERIALIZER_METRICS_LISTEN'].split(':')[1] != str(service['ports'][0]['containerPort']): found.append('the port')
if deployment['replicas'] != 2: found.append('replicas')
report('options and version are those of the service', found)
rules = of_kind['PrometheusRule']['spec']
report('the alert rules are those of examples/monitoring',
       [] if rules == yaml.safe_load(open('examples/monitoring/alerts.yml')) else ['they differ'])

found = []
for name in 'postgresql', 'materializer':
    path = f'examples/containers/{name}.Containerfile'
    text = re.sub(r'\\\n', ' ', re.sub(r'^#.*\n', '', open(path).read(), flags=re.M))
    steps = [line.split(None, 1) for line in text.split('\n') if line]
    words = 'FROM RUN COPY WORKDIR USER VOLUME EXPOSE STOPSIGNAL ENTRYPOINT CMD'.split()
    found += [f'{path}: {word}' for word, _ in steps if word not in words]
    found += [f'{path}: FROM {rest}' for word, rest in steps if word == 'FROM' and not rest.startswith('debian:13-slim')]
    runs = [rest for word, rest in steps if word == 'RUN']
    copied = [rest.split()[0] for word, rest in steps if word == 'COPY' and '--from' not in rest]
    found += [f'{path}: {rest}' for rest in runs if re.search(r'curl|wget|pip|npm|git clone|https?:', rest)]
    found += [f'{path}: {rest}' for rest in runs if subprocess.run(['sh', '-n', '-c', rest]).returncode]
    found += [f'{path}: {file} is not there' for file in copied if not os.path.exists(file)]
    user = template['spec']['securityContext']['runAsUser']
    if name == 'materializer' and f'USER {user}' not in text: found.append('another user')
if subprocess.run(['sh', '-n', 'examples/containers/start-postgresql']).returncode: found.append('start-postgresql')
report('the container files need nothing but Debian and this repository', found)
PYTHON
