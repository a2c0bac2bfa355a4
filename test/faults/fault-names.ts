/** Every fault, by the name of its program, in the order in which they run. */
export const faultNames = [
  'kill-9',
  'blocked-loop',
  'postgres-crash',
  'failover',
  'lost-commit',
  'black-hole',
  'disk-full',
  'poison',
  'adoption',
  'many-writers',
  'migration-while-writing',
  'long-outage',
] as const;

export type FaultName = (typeof faultNames)[number];
