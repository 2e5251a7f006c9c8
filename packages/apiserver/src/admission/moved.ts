import { qualified, MODIFIED, StatusError, type ResourceName } from '../server/status.js';

/**
 * What a write was about changed while webhooks were asked: the request is served again from its start, as a real
 * server does. As an answer, after too many rounds, it is a conflict.
 */
export class Moved extends StatusError {
  constructor(resource: ResourceName, name: string) {
    super(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(resource)} ${JSON.stringify(name)}: ${MODIFIED}`, {
      name,
      ...(resource.group === '' ? {} : { group: resource.group }),
      kind: resource.resource,
    });
  }
}
