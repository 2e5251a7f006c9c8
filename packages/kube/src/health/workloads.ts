import type { KubeObject } from '@sluice/core';
import { conditionsOf, integerAt, stringAt, strictIntegerAt } from './fields.js';
import { current, failed, inProgress, type Health } from './health.js';

/** The Deployment controller's own mark for "no progress deadline". */
const NO_PROGRESS_DEADLINE = 2 ** 31 - 1;

export function deploymentHealth(object: KubeObject): Health {
  // Without a deadline the controller never says whether it gets on: it is taken to.
  let progressing = integerAt(object, 'spec.progressDeadlineSeconds', NO_PROGRESS_DEADLINE) === NO_PROGRESS_DEADLINE;
  let available = false;
  for (const condition of conditionsOf(object)) {
    if (condition.type === 'Progressing') {
      if (condition.reason === 'ProgressDeadlineExceeded') return failed(condition.reason, 'Progress deadline exceeded', condition.message);
      if (condition.status === 'True' && condition.reason === 'NewReplicaSetAvailable') progressing = true;
    }
    if (condition.type === 'Available' && condition.status === 'True') available = true;
  }
  const wanted = integerAt(object, 'spec.replicas', 1);
  const replicas = integerAt(object, 'status.replicas', 0);
  const updated = integerAt(object, 'status.updatedReplicas', 0);
  const ready = integerAt(object, 'status.readyReplicas', 0);
  const availableReplicas = integerAt(object, 'status.availableReplicas', 0);
  if (wanted > replicas) return inProgress('LessReplicas', `Replicas: ${replicas}/${wanted}`);
  if (wanted > updated) return inProgress('LessUpdated', `Updated: ${updated}/${wanted}`);
  if (replicas > wanted) return extraPods(replicas - wanted);
  if (updated > availableReplicas) return inProgress('LessAvailable', `Available: ${availableReplicas}/${updated}`);
  if (wanted > ready) return lessReady(ready, wanted);
  if (!progressing) return inProgress('ReplicaSetNotAvailable', 'ReplicaSet not Available');
  if (!available) return inProgress('DeploymentNotAvailable', 'Deployment not Available');
  return current(`Deployment is available. Replicas: ${replicas}`);
}

export function replicaSetHealth(object: KubeObject): Health {
  if (conditionsOf(object).some(({ type, status }) => type === 'ReplicaFailure' && status === 'True')) {
    return inProgress('ReplicaFailure', 'Replica Failure condition. Check Pods');
  }
  const wanted = integerAt(object, 'spec.replicas', 1);
  const replicas = integerAt(object, 'status.replicas', 0);
  const labelled = integerAt(object, 'status.fullyLabeledReplicas', 0);
  const available = integerAt(object, 'status.availableReplicas', 0);
  const ready = integerAt(object, 'status.readyReplicas', 0);
  if (wanted > labelled) return inProgress('LessLabelled', `Labelled: ${labelled}/${wanted}`);
  if (wanted > available) return inProgress('LessAvailable', `Available: ${available}/${wanted}`);
  if (wanted > ready) return lessReady(ready, wanted);
  if (replicas > wanted) return extraPods(replicas - wanted);
  return current(`ReplicaSet is available. Replicas: ${replicas}`);
}

export function statefulSetHealth(object: KubeObject): Health {
  // Its user deletes the pods to have them updated: there is nothing to wait for.
  if (stringAt(object, 'spec.updateStrategy.type') === 'OnDelete') return current('StatefulSet is using the ondelete update strategy');
  const wanted = integerAt(object, 'spec.replicas', 1);
  const replicas = integerAt(object, 'status.replicas', 0);
  const ready = integerAt(object, 'status.readyReplicas', 0);
  const onCurrent = integerAt(object, 'status.currentReplicas', 0);
  const updated = integerAt(object, 'status.updatedReplicas', 0);
  const partition = integerAt(object, 'spec.updateStrategy.rollingUpdate.partition', -1);
  if (wanted > replicas) return inProgress('LessReplicas', `Replicas: ${replicas}/${wanted}`);
  if (wanted > ready) return lessReady(ready, wanted);
  if (replicas > wanted) return extraPods(replicas - wanted);
  if (partition !== -1) {
    const toUpdate = wanted - partition;
    if (updated < toUpdate) return inProgress('PartitionRollout', `updated: ${updated}/${toUpdate}`);
    return current(`Partition rollout complete. updated: ${updated}`);
  }
  if (wanted > onCurrent) return inProgress('LessCurrent', `current: ${onCurrent}/${wanted}`);
  if (stringAt(object, 'status.currentRevision') !== stringAt(object, 'status.updateRevision')) {
    return inProgress('RevisionMismatch', 'Waiting for updated revision to match current');
  }
  return current(`All replicas scheduled as expected. Replicas: ${replicas}`);
}

export function daemonSetHealth(object: KubeObject): Health {
  // Its controller always writes both; without them it has not looked yet.
  if (strictIntegerAt(object, 'metadata.generation') === undefined) {
    return inProgress('NoGeneration', `${object.kind} metadata.generation not found`);
  }
  if (strictIntegerAt(object, 'status.observedGeneration') === undefined) {
    return inProgress('NoObservedGeneration', `${object.kind} status.observedGeneration not found`);
  }
  const wanted = integerAt(object, 'status.desiredNumberScheduled', -1);
  const scheduled = integerAt(object, 'status.currentNumberScheduled', 0);
  const updated = integerAt(object, 'status.updatedNumberScheduled', 0);
  const available = integerAt(object, 'status.numberAvailable', 0);
  const ready = integerAt(object, 'status.numberReady', 0);
  if (wanted === -1) return inProgress('NoDesiredNumber', 'Missing .status.desiredNumberScheduled');
  if (wanted > scheduled) return inProgress('LessCurrent', `Current: ${scheduled}/${wanted}`);
  if (wanted > updated) return inProgress('LessUpdated', `Updated: ${updated}/${wanted}`);
  if (wanted > available) return inProgress('LessAvailable', `Available: ${available}/${wanted}`);
  if (wanted > ready) return lessReady(ready, wanted);
  return current(`All replicas scheduled as expected. Replicas: ${wanted}`);
}

function extraPods(count: number): Health {
  return inProgress('ExtraPods', `Pending termination: ${count}`);
}

function lessReady(ready: number, wanted: number): Health {
  return inProgress('LessReady', `Ready: ${ready}/${wanted}`);
}
