import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { directoryTree, type KubeObject } from '@sluice/core';
import { build } from '@sluice/kustomize';

/** What watches the controllers of a namespace: alert rules, a PodMonitor and dashboards, as `monitoring/` has them. */
export function monitoringObjects(namespace: string): KubeObject[] {
  return build(directoryTree(monitoringDirectory()), '.').objects.map((object) => ({
    ...object,
    metadata: { ...object.metadata, namespace },
  }));
}

/** Above this file: how far depends on whether it runs from the bundle. */
function monitoringDirectory(): string {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    const monitoring = join(directory, 'monitoring');
    if (existsSync(join(monitoring, 'kustomization.yaml'))) return monitoring;
    if (directory === dirname(directory)) throw new Error('the folder monitoring is missing from this installation');
  }
}
