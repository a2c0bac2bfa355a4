import type { Workplace } from '../workplace.ts';
import { finding, type Observation, well } from './observation.ts';

/** Mistakes in the environment, and how many settings somebody has chosen. */
export function examineSettings({ configuration }: Workplace): readonly Observation[] {
  const mistakes = configuration.warnings.map(({ message }) =>
    finding(
      'settings',
      message,
      'Correct the variable or unset it; docs/configuration.md lists what each setting takes.',
    ),
  );
  if (mistakes.length > 0) return mistakes;
  const chosen = Object.values(configuration.sources).filter(({ from }) => from !== 'default').length;
  return [well('settings', `${chosen} set, the others are defaults (--config shows them)`)];
}
