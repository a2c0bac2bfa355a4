import { resolve } from 'node:path';
import { createConfiguredSanitizer, redactionOf } from '../configuration/redaction.ts';
import type { Configuration } from '../configuration/settings.ts';
import { loadSettings } from '../configuration/settings.ts';
import { SpanledgerError } from '../domain/errors.ts';
import { setSanitizer } from '../storable/sanitizer.ts';
import type { Invocation } from './invocation.ts';
import { visible } from './visible.ts';

/** Where a command works: the settings, and the directory they lead to. */
export interface Workplace {
  readonly configuration: Configuration;
  /** Absolute path of the directory of journals and embedded store. */
  readonly directory: string;
  readonly schema: string;
  readonly databaseUrl: string | undefined;
}

/**
 * Resolves the settings of one call. Mistakes in the environment are told on standard error; a database URL that
 * cannot be used ends the call, since the answer would come from the wrong place.
 */
export function openWorkplace(invocation: Invocation): Workplace {
  const workplace = resolveWorkplace(invocation);
  for (const { message } of workplace.configuration.warnings) invocation.terminal.note(`warning: ${visible(message)}`);
  return workplace;
}

/** The same without telling of mistakes: for who tells of them himself. */
export function resolveWorkplace({ options }: Invocation): Workplace {
  const directory = options.text('dir');
  const configuration = loadSettings(directory === undefined ? {} : { directory });
  const wrongUrl = configuration.warnings.find(({ variable }) => databaseVariables.includes(variable));
  if (wrongUrl !== undefined) {
    throw new SpanledgerError('DATABASE_URL_INVALID', { details: { why: `${wrongUrl.variable} does not hold one` } });
  }
  const { settings } = configuration;
  // What a command writes, such as findings of a check, is redacted by the rules of the host too.
  setSanitizer(createConfiguredSanitizer(redactionOf(settings)));
  return {
    configuration,
    directory: resolve(settings.directory),
    schema: settings.schema,
    databaseUrl: settings.databaseUrl,
  };
}

const databaseVariables = ['SPANLEDGER_DATABASE_URL', 'DATABASE_URL'];
