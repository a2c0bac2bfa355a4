import { createSanitizer, type Sanitizer, type SanitizerOptions } from '../storable/sanitizer.ts';
import type { Settings } from './setting-table.ts';
import { parseTextPattern } from './text-patterns.ts';

/** The settings that say what is redacted beyond what always is. They can be handed to another thread. */
export type RedactionSettings = Pick<Settings, 'redactKeys' | 'redactPatterns' | 'redactPaths'>;

/** Only these settings of all. */
export function redactionOf({ redactKeys, redactPatterns, redactPaths }: Settings): RedactionSettings {
  return { redactKeys, redactPatterns, redactPaths };
}

/** The sanitizer that these settings ask for. */
export function createConfiguredSanitizer(
  settings: RedactionSettings,
  options: Pick<SanitizerOptions, 'tell' | 'maxTextLength' | 'maxJsonBytes'> = {},
): Sanitizer {
  const patterns = settings.redactPatterns.map(parseTextPattern);
  return createSanitizer({
    ...options,
    redactKeys: settings.redactKeys,
    redactPatterns: patterns.flatMap((parsed) => (parsed.ok ? [parsed.pattern] : [])),
    redactPaths: settings.redactPaths,
  });
}
