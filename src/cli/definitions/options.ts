import type { OptionDefinition } from '../definition.ts';

/** Output for programs. */
export const json: OptionDefinition = { flags: '--json', brief: 'One JSON object per line, details parsed.' };

/** Where journals and embedded store are. */
export const directory: OptionDefinition = {
  flags: '--dir <dir>',
  brief: 'Directory of journals and embedded store, instead of SPANLEDGER_DIR.',
  value: 'text',
};

/** What every command that reads takes. */
export const common: readonly OptionDefinition[] = [json, directory];

/** From which time on. */
export const since: OptionDefinition = {
  flags: '--since <when>',
  brief: 'Only from then on: 90s, 15m, 2h, 7d, 4w ago, or a time in ISO 8601.',
  value: 'moment',
};

/** How many of the newest. */
export const last = (brief: string, fallback: string): OptionDefinition => ({
  flags: '--last <n>',
  brief,
  value: 'count',
  fallback,
});

/** A filter that matches exactly. */
export const equals = (name: string, brief: string): OptionDefinition => ({
  flags: `--${name} <${name.endsWith('-id') ? 'id' : 'name'}>`,
  brief,
  value: 'text',
});
