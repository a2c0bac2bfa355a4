import type { CommandDefinition } from './definition.ts';
import { keepingCommands } from './definitions/keeping.ts';
import { readingCommands } from './definitions/reading.ts';

/** Every command of `spanledger`, in the order in which `--help` lists them. */
export const commandDefinitions: readonly CommandDefinition[] = [...readingCommands, ...keepingCommands];
