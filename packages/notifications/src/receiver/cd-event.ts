import { isJsonObject, SluiceError } from '@sluice/core';

const environment = { environment: 'reference' } as const;
const deployment = { environment: 'reference', artifactId: 'text' } as const;
const outcome = ['pass', 'fail', 'cancel', 'error'];

type Rule = 'text' | 'reference' | readonly string[];

/** The events of CDEvents 0.4.1, and what the content of each must have. */
const events: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  'artifact.deleted': {},
  'artifact.downloaded': {},
  'artifact.packaged': { change: 'reference' },
  'artifact.published': {},
  'artifact.signed': { signature: 'text' },
  'branch.created': {},
  'branch.deleted': {},
  'build.finished': {},
  'build.queued': {},
  'build.started': {},
  'change.abandoned': {},
  'change.created': {},
  'change.merged': {},
  'change.reviewed': {},
  'change.updated': {},
  'environment.created': {},
  'environment.deleted': {},
  'environment.modified': {},
  'incident.detected': environment,
  'incident.reported': { ...environment, ticketURI: 'text' },
  'incident.resolved': environment,
  'pipelinerun.finished': {},
  'pipelinerun.queued': {},
  'pipelinerun.started': { pipelineName: 'text', url: 'text' },
  'repository.created': { name: 'text', url: 'text' },
  'repository.deleted': {},
  'repository.modified': {},
  'service.deployed': deployment,
  'service.published': {},
  'service.removed': {},
  'service.rolledback': deployment,
  'service.upgraded': deployment,
  'taskrun.finished': {},
  'taskrun.started': {},
  'testcaserun.finished': { ...environment, outcome },
  'testcaserun.queued': environment,
  'testcaserun.skipped': {},
  'testcaserun.started': environment,
  'testoutput.published': { outputType: ['report', 'video', 'image', 'log', 'other'], format: 'text' },
  'testsuiterun.finished': { ...environment, outcome },
  'testsuiterun.queued': environment,
  'testsuiterun.started': environment,
  'ticket.closed': { uri: 'text', resolution: 'text' },
  'ticket.created': { summary: 'text', creator: 'text', uri: 'text' },
  'ticket.updated': { uri: 'text' },
};

const UNDEFINED_TYPE = 'dev.cdevents.<undefined-subject>.<undefined-predicate>.<undefined-version>';

/**
 * Whether a body is an event of CDEvents: of a known type, with what every event and this one must have.
 *
 * @throws {SluiceError} `WebhookRefused`
 */
export function checkCdEvent(event: unknown): void {
  if (!isJsonObject(event)) throw refused('it is not a JSON object');
  const context = section(event, 'context');
  const type = typeof context['type'] === 'string' ? context['type'] : UNDEFINED_TYPE;
  // Events of one's own: dev.cdeventsx.tool-subject.predicate.version.
  const [, subject = '', predicate = '', version = ''] = /^dev\.cdevents\.([a-z]+)\.([a-z]+)\.(\S+)$/u.exec(type) ?? [];
  const isCustom = /^dev\.cdeventsx\.[a-z0-9]+-[a-z]+\.[a-z]+\.\S+$/u.test(type);
  const name = `${subject}.${predicate}`;
  const rules = isCustom ? {} : Object.hasOwn(events, name) ? events[name] : undefined;
  if (rules === undefined) throw refused(`unknown event type ${type}`);
  if (!isCustom && !version.startsWith('0.')) throw refused(`the version ${version} of ${name} is not compatible with 0.x`);
  for (const field of ['version', 'id', 'source', 'timestamp']) requireText(context, field, 'context');
  if (Number.isNaN(Date.parse(String(context['timestamp'])))) throw refused('context.timestamp is not a time');
  const about = section(event, 'subject');
  requireText(about, 'id', 'subject');
  const content = about['content'] === undefined ? {} : section(about, 'content');
  for (const [field, rule] of Object.entries(rules)) {
    if (rule === 'text') requireText(content, field, 'subject.content');
    else if (rule === 'reference') requireText(section(content, field), 'id', `subject.content.${field}`);
    else if (!rule.includes(String(content[field]))) throw refused(`subject.content.${field} must be one of ${rule.join(', ')}`);
  }
}

function section(value: Record<string, unknown>, name: string): Record<string, unknown> {
  const found = value[name];
  if (!isJsonObject(found)) throw refused(`${name} is missing`);
  return found;
}

function requireText(value: Record<string, unknown>, name: string, of: string): void {
  if (typeof value[name] !== 'string' || value[name] === '') throw refused(`${of}.${name} is missing`);
}

const refused = (message: string): SluiceError => new SluiceError('WebhookRefused', `unable to validate CDEvent event: ${message}`);
