import type { Resource } from '../registry/resource.js';
import { badRequest } from '../server/status.js';

export function decodeProtobuf(_bytes: Buffer, _resource: Resource): object {
  throw badRequest('no protobuf yet');
}
