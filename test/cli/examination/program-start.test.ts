import { expect, it } from 'vitest';
import { examineStart } from '../../../src/cli/examination/program-start.ts';
import type { FoundModule } from '../../../src/instrument/module-report.ts';

/** What doctor says of a module of a program that was started. */
function messageOf(module: FoundModule): string | undefined {
  const report = {
    node: 'v20.19.0',
    pid: 7,
    service: 'app',
    sdk: 'own',
    esmHook: 'in this thread',
    modules: [module],
    exports: [],
    ledger: { journal: '/j', database: 'none' },
    redaction: { rules: 'keys', further: [] },
    propagation: { propagators: [], correlationHeader: 'none' },
    lines: { format: 'json', level: 'info', file: undefined },
    keepsContext: true,
    isListening: true,
    ports: [],
  } as const;
  return examineStart(report).find(({ subject }) => subject === module.module)?.message;
}

it('tells the version of a package that is patched', () => {
  const express = { module: 'express', version: '5.1.0', status: 'patched', instrumentation: 'spanledger' } as const;
  expect(messageOf(express)).toBe('5.1.0: patched by spanledger');
});

it.each(['patched', 'never matched'] as const)(
  'says nothing in place of a version that files do not have: %s',
  (status) => {
    expect(messageOf({ module: 'work of ./lib.ts', status, file: '/app/lib.ts' })).toBe(`${status} (/app/lib.ts)`);
  },
);
