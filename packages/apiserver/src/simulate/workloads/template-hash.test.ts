import assert from 'node:assert/strict';
import { test } from 'node:test';
import { revisionHash, templateHash } from './template-hash.js';

const plain = {
  metadata: { labels: { app: 'demo' } },
  spec: {
    containers: [
      {
        name: 'app',
        image: 'example.com/app:1',
        resources: {},
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        imagePullPolicy: 'IfNotPresent',
      },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
  },
};

const full = {
  metadata: { labels: { app: 'demo', b: 'c' }, annotations: { x: 'y' } },
  spec: {
    volumes: [
      { name: 'v', configMap: { name: 'm', items: [{ key: 'k', path: 'p', mode: 256 }], defaultMode: 420 } },
      { name: 'e', emptyDir: { sizeLimit: '1Gi' } },
    ],
    nodeSelector: { a: 'b' },
    tolerations: [{ key: 'k', operator: 'Exists', tolerationSeconds: 30 }],
    containers: [
      {
        name: 'app',
        image: 'example.com/app:1',
        command: ['a', 'b c'],
        args: [''],
        ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }],
        env: [
          { name: 'A', value: 'x' },
          { name: 'B', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
          { name: 'C', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '0' } } },
        ],
        resources: { limits: { cpu: '500m', memory: '1Gi' }, requests: { cpu: '1', memory: '1500M', 'ephemeral-storage': '1k' } },
        livenessProbe: { httpGet: { path: '/', port: 'http', scheme: 'HTTP' }, timeoutSeconds: 1 },
        readinessProbe: { tcpSocket: { port: 80 } },
        securityContext: { runAsUser: 1000, runAsNonRoot: true, capabilities: { add: ['A'] } },
      },
    ],
    securityContext: { fsGroup: 5, supplementalGroups: [1, 2] },
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
  },
};

test('templates have the hashes that the controllers of Kubernetes 1.34 give them', () => {
  assert.equal(templateHash(plain), '6dc549d888');
  assert.equal(templateHash(plain, 1), '7cb7698889');
  assert.equal(templateHash(full), '854d56d794');
  assert.equal(templateHash(full, 1), '5795c47dc5');
  assert.equal(revisionHash(revision(plain)), '6f745676f7');
  assert.equal(revisionHash(revision(plain), 0), '65465ff6c');
  assert.equal(revisionHash(revision(full), 0), '6857b66844');
});

function revision(template: object): object {
  return { spec: { template: { ...template, $patch: 'replace' } } };
}
