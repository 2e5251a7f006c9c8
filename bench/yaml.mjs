// YAML: parse and print typical manifests, beside the npm libraries. `node bench/yaml.mjs [--quick]`
import { dump, loadAll } from 'js-yaml';
import { parseAllDocuments, stringify } from 'yaml';
import { parseYamlDocuments, parseYamlNodes, printYaml } from '../packages/yaml/dist/index.js';

/** Deployments, Services, ConfigMaps and a custom resource, as people write them. */
function manifests(count) {
  const documents = [];
  for (let index = 0; index < count; index++) {
    documents.push(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: podinfo-${index}
  namespace: apps # the team's own
  labels:
    app.kubernetes.io/name: podinfo
    app.kubernetes.io/instance: "podinfo-${index}"
spec:
  replicas: ${(index % 5) + 1}
  selector:
    matchLabels:
      app.kubernetes.io/name: podinfo
  template:
    metadata:
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: "9797"
      labels:
        app.kubernetes.io/name: podinfo
    spec:
      serviceAccountName: podinfo
      containers:
      - name: podinfod
        image: ghcr.io/stefanprodan/podinfo:6.7.${index % 10}
        imagePullPolicy: IfNotPresent
        ports:
        - name: http
          containerPort: 9898
          protocol: TCP
        - name: http-metrics
          containerPort: 9797
          protocol: TCP
        command:
        - ./podinfo
        - --port=9898
        - --level=info
        env:
        - name: PODINFO_UI_COLOR
          value: '#34577c'
        - name: POD_IP
          valueFrom:
            fieldRef:
              fieldPath: status.podIP
        readinessProbe:
          httpGet: { path: /readyz, port: 9898 }
          initialDelaySeconds: 5
          timeoutSeconds: 5
        resources:
          limits:
            cpu: 2000m
            memory: 512Mi
          requests:
            cpu: 100m
            memory: 64Mi
        volumeMounts:
        - name: data
          mountPath: /data
      volumes:
      - name: data
        emptyDir: {}
`);
    documents.push(`# configuration of instance ${index}
apiVersion: v1
kind: ConfigMap
metadata:
  name: podinfo-config-${index}
  namespace: apps
data:
  LOG_LEVEL: info
  nginx.conf: |
    server {
      listen 8080;
      location / {
        proxy_pass http://podinfo-${index}:9898;
      }
    }
  note: >-
    A longer text that is folded over
    several lines, as descriptions are.
`);
    documents.push(`apiVersion: v1
kind: Service
metadata:
  name: podinfo-${index}
  namespace: apps
spec:
  type: ClusterIP
  ports:
  - port: 9898
    targetPort: http
    protocol: TCP
    name: http
  selector:
    app.kubernetes.io/name: podinfo
`);
  }
  return documents.join('---\n');
}

/** The best of several rounds, in MB/s. */
function rate(bytes, seconds, work) {
  work();
  let best = Infinity;
  const end = performance.now() + seconds * 1000;
  do {
    const started = performance.now();
    work();
    best = Math.min(best, performance.now() - started);
  } while (performance.now() < end);
  return bytes / 1000 / best;
}

export async function run({ quick = false, print = console.log } = {}) {
  const text = manifests(quick ? 100 : 300);
  const values = parseYamlDocuments(text).map(({ value }) => value);
  const printed = values.map((value) => printYaml(value)).join('');
  const seconds = quick ? 0.4 : 2;
  const slow = manifests(20);
  const slowValues = values.slice(0, 60);
  const slowBytes = slowValues.map((value) => printYaml(value)).join('').length;

  const parse = rate(text.length, seconds, () => parseYamlDocuments(text));
  const jsYamlParse = rate(text.length, seconds, () => loadAll(text));
  const yamlParse = rate(slow.length, seconds / 2, () => parseAllDocuments(slow).map((document) => document.toJS()));
  print(
    `yaml parse  ${parse.toFixed(1)} MB/s  (ratio to js-yaml: ${(parse / jsYamlParse).toFixed(1)}, to yaml: ${(parse / yamlParse).toFixed(1)})`,
  );
  const nodes = rate(text.length, seconds, () => parseYamlNodes(text));
  print(`yaml parse to nodes  ${nodes.toFixed(1)} MB/s  (ratio to yaml: ${(nodes / yamlParse).toFixed(1)})`);

  const out = rate(printed.length, seconds, () => values.map((value) => printYaml(value)).join('').length);
  const jsYamlPrint = rate(printed.length, seconds, () => values.map((value) => dump(value)).join('').length);
  const yamlPrint = rate(slowBytes, seconds / 2, () => slowValues.map((value) => stringify(value)).join('').length);
  print(
    `yaml print  ${out.toFixed(1)} MB/s  (ratio to js-yaml: ${(out / jsYamlPrint).toFixed(1)}, to yaml: ${(out / yamlPrint).toFixed(1)})`,
  );
  return { parse, jsYamlParse, yamlParse, nodes, print: out, jsYamlPrint, yamlPrint };
}

if (process.argv[1] === import.meta.filename) await run({ quick: process.argv.includes('--quick') });
