import { describe, expect, it } from 'vitest';
import {
  auditCategoryNames,
  auditLevelNames,
  isAtLeast,
  isAuditCategory,
  levelOfSeverity,
  parseLevel,
  severityNumberOf,
} from '../../src/domain/audit.ts';

describe('audit categories', () => {
  it('S1.14 are eight', () => {
    expect(auditCategoryNames).toEqual([
      'state_transition',
      'file_operation',
      'db_operation',
      'validation',
      'duplicate_check',
      'error',
      'performance',
      'consistency',
    ]);
    expect(isAuditCategory('error')).toBe(true);
    expect(isAuditCategory('toString')).toBe(false);
  });
});

describe('audit levels', () => {
  it('3.6 carry the severity numbers of OpenTelemetry', () => {
    expect(auditLevelNames.map((level) => [level, severityNumberOf(level)])).toEqual([
      ['debug', 5],
      ['info', 9],
      ['warning', 13],
      ['error', 17],
      ['critical', 21],
    ]);
  });

  it('S0.16 are read in any letter case', () => {
    expect(['ERROR', 'Error', ' error ', 'WARNING', 'cRiTiCaL'].map(parseLevel)).toEqual([
      'error',
      'error',
      'error',
      'warning',
      'critical',
    ]);
  });

  it('are read in the spellings of other loggers', () => {
    expect(['warn', 'FATAL', 'trace'].map(parseLevel)).toEqual(['warning', 'critical', 'debug']);
  });

  it('are not guessed', () => {
    expect(['loud', '', 'constructor', 3, undefined].map(parseLevel)).toEqual(Array(5).fill(undefined));
  });

  it('3.6 are found for every severity number from 1 to 24 and for no other', () => {
    const levels = Array.from({ length: 24 }, (_, index) => levelOfSeverity(index + 1));
    expect(levels).toEqual([
      ...Array(8).fill('debug'),
      ...Array(4).fill('info'),
      ...Array(4).fill('warning'),
      ...Array(4).fill('error'),
      ...Array(4).fill('critical'),
    ]);
    expect([0, -1, 25, Number.NaN].map(levelOfSeverity)).toEqual(Array(4).fill(undefined));
  });

  it('compare by severity', () => {
    expect(isAtLeast('error', 'warning')).toBe(true);
    expect(isAtLeast('info', 'info')).toBe(true);
    expect(isAtLeast('debug', 'info')).toBe(false);
  });
});
