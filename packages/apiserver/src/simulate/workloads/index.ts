import type { Controller, World } from '../world.js';
import { rootCertificates } from '../upkeep/service-accounts.js';
import { autoscalerController, disruptionBudgetController } from './budgets.js';
import { cronJobController } from './cron-jobs.js';
import { daemonSetController } from './daemon-sets.js';
import { deploymentController } from './deployments.js';
import { jobController } from './jobs.js';
import { networkController } from './network.js';
import { setTheStage } from './node.js';
import { podController } from './pods.js';
import { replicaSetController } from './replica-sets.js';
import { createStage, stageIndexes } from './stage.js';
import { statefulSetController } from './stateful-sets.js';
import { storageController } from './storage.js';

export interface SimulationOptions {
  /** What pods know the API by. */
  readonly rootCertificate: string;
  /** How long a pod takes to become ready. Default: 200 ms. */
  readonly readyDelayMs?: number;
  /** Whether there is a node. Without one pods are made, and stay pending. Default: true. */
  readonly nodes?: boolean;
}

/** The controllers that play workloads: everything from a Deployment to the kubelet, without a container. */
export function simulation(world: World, { rootCertificate, readyDelayMs = 200, nodes = true }: SimulationOptions): readonly Controller[] {
  const stage = createStage(world, readyDelayMs);
  if (nodes) setTheStage(stage).catch(world.onError);
  return [
    stageIndexes(stage),
    rootCertificates(world, rootCertificate),
    ...(nodes ? [podController(stage)] : []),
    replicaSetController(stage),
    deploymentController(stage),
    statefulSetController(stage),
    daemonSetController(stage),
    jobController(stage),
    cronJobController(stage),
    networkController(stage),
    storageController(stage),
    disruptionBudgetController(stage),
    autoscalerController(stage),
    { tables: [], changed() {}, stop: () => stage.stop() },
  ];
}
