import type { Resource } from '@opentelemetry/resources';
import type { ExportPlan } from '../register/export-plan.ts';

/** Where the logs of a program go, for a thread that sends its own. */
export interface LogTarget {
  readonly plan: ExportPlan;
  /** Who sends, as far as it is plain and known at the start. */
  readonly resource: Readonly<Record<string, string | number | boolean>>;
}

/** The target of a program's logs; `undefined` where they are not sent, or only shown. */
export function logTarget(plan: ExportPlan, { attributes }: Pick<Resource, 'attributes'>): LogTarget | undefined {
  const exporters = plan.exporters.filter((name) => name === 'otlp');
  if (exporters.length === 0) return undefined;
  const resource: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') resource[name] = value;
  }
  return { plan: { ...plan, exporters }, resource };
}
