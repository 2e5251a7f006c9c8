/** From the most to the least talkative. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Structured logs, one JSON object a line, with the keys of Flux's controllers (`level`, `ts`, `msg`, …), so that dashboards read them. */
export interface Logger {
  /** A logger that adds these fields to each line. */
  with(fields: LogFields): Logger;
  trace(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  error(message: string, error: unknown, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, unknown>>;

export interface LogOptions {
  readonly level?: LogLevel;
  readonly now?: () => number;
  /** Takes one line, without its line break. */
  readonly write: (line: string) => void;
}

export function createLogger({ level = 'info', now = Date.now, write }: LogOptions, bound: LogFields = {}): Logger {
  const least = LOG_LEVELS.indexOf(level);
  const log = (at: LogLevel, message: string, fields: LogFields): void => {
    if (LOG_LEVELS.indexOf(at) < least) return;
    write(JSON.stringify({ level: at, ts: new Date(now()).toISOString(), msg: message, ...bound, ...fields }));
  };
  return {
    with: (fields) => createLogger({ level, now, write }, { ...bound, ...fields }),
    trace: (message, fields = {}) => log('trace', message, fields),
    debug: (message, fields = {}) => log('debug', message, fields),
    info: (message, fields = {}) => log('info', message, fields),
    error: (message, error, fields = {}) =>
      log('error', message, { ...fields, error: error instanceof Error ? error.message : String(error) }),
  };
}

/** Says nothing. */
export const silentLogger: Logger = createLogger({ write: () => {}, level: 'error' });
