import { describe, expect, it } from 'vitest';
import { parseConfigFile } from '../../src/configuration/config-file.ts';
import { createConfiguredSanitizer, redactionOf } from '../../src/configuration/redaction.ts';
import { resolveSettings } from '../../src/configuration/settings.ts';
import { parseTextPattern } from '../../src/configuration/text-patterns.ts';

function sanitizerOf(yaml: string) {
  const { settings } = resolveSettings({ file: parseConfigFile('spanledger.yaml', yaml) });
  return createConfiguredSanitizer(redactionOf(settings));
}

describe('a pattern of the host', () => {
  const sanitizer = sanitizerOf("redact:\n  patterns: ['CUST-\\d{6}', '(?i)tenant \\w+']\n");

  it('hides what it matches, in text and in JSON, and nothing else', () => {
    expect(sanitizer.text('CUST-123456 and CUST-1, Tenant Acme')).toBe('[redacted] and CUST-1, [redacted]');
    expect(sanitizer.json({ a: ['x CUST-123456'], b: 'tenants' })).toBe('{"a":["x [redacted]"],"b":"tenants"}');
    expect(sanitizer.name('CUST-123456')).toBe('[redacted]');
  });

  it('leaves ids alone, because two ids must not become one', () => {
    expect(sanitizer.id('CUST-123456')).toBe('CUST-123456');
  });

  it('counts what it hides', () => {
    const own = sanitizerOf("redact: { patterns: ['aaa'] }");
    own.text('aaa aaa');
    expect(own.alterations()).toEqual({ redacted: 2 });
  });

  it('takes time in proportion, though it would take for ever elsewhere', () => {
    const own = sanitizerOf("redact: { patterns: ['(x+x+)+y'] }");
    const before = process.cpuUsage().user;
    expect(own.text('x'.repeat(50_000))).toHaveLength(50_000);
    expect(process.cpuUsage().user - before).toBeLessThan(5_000_000);
  });

  it.each([
    ['(a+', 'missing closing )'],
    ['a(?=b)', '(?='],
    ['(a)\\1', 'invalid escape sequence'],
    ['a*', 'matches the empty text'],
    ['a'.repeat(1001), 'longer than 1000'],
    ['((a{1000}){1000}){1000}', 'repe'],
  ])('%s is refused, and told why', (source, why) => {
    const parsed = parseTextPattern(source);
    expect(parsed.ok ? '' : parsed.why).toContain(why);
  });

  it('that is wrong is an error with its place in the file, and a warning in the environment', () => {
    const file = parseConfigFile('spanledger.yaml', "redact:\n  patterns:\n    - 'ok'\n    - '(a'\n");
    expect(() => resolveSettings({ file })).toThrow(/redact\.patterns.*\(a: missing closing \).*line 3, column 5/);
    const { warnings, settings } = resolveSettings({ environment: { SPANLEDGER_REDACT_PATTERNS: '(a' } });
    expect(warnings[0]?.message).toContain('missing closing )');
    expect(settings.redactPatterns).toEqual([]);
  });

  it('may be one of a JSON list in the environment', () => {
    const environment = { SPANLEDGER_REDACT_PATTERNS: '["a,b", "[0-9]{3}"]' };
    expect(resolveSettings({ environment }).settings.redactPatterns).toEqual(['a,b', '[0-9]{3}']);
    expect(
      resolveSettings({ environment: { SPANLEDGER_REDACT_PATTERNS: '[0-9]{3}' } }).settings.redactPatterns,
    ).toEqual(['[0-9]{3}']);
  });
});

describe('a path of the host', () => {
  const paths = ['user.email', 'users[*].email', '*.ssn2', 'headers["x-trace me"]', 'rows[0]', 'deep.*.b.c', 'whole'];
  const sanitizer = sanitizerOf(`redact:\n  paths: ${JSON.stringify(paths)}\n`);
  const written = (value: unknown): unknown => JSON.parse(sanitizer.json(value));

  it('hides the member that it leads to, whatever it holds', () => {
    expect(written({ user: { email: 'a', name: 'n' } })).toEqual({ user: { email: '[redacted]', name: 'n' } });
    expect(written({ whole: { a: [1] } })).toEqual({ whole: '[redacted]' });
    expect(written({ user: { email: false } })).toEqual({ user: { email: '[redacted]' } });
    expect(written({ rows: [1, 2] })).toEqual({ rows: ['[redacted]', 2] });
    expect(written({ headers: { 'x-trace me': 'a', b: 'c' } })).toEqual({
      headers: { 'x-trace me': '[redacted]', b: 'c' },
    });
  });

  it('takes a star for any key or index, of exactly one level', () => {
    expect(written({ users: [{ email: 'a' }, { email: 'b', n: 1 }] })).toEqual({
      users: [{ email: '[redacted]' }, { email: '[redacted]', n: 1 }],
    });
    expect(written({ a: { ssn2: 'x' }, ssn2: 'kept', b: { c: { ssn2: 'kept' } } })).toEqual({
      a: { ssn2: '[redacted]' },
      ssn2: 'kept',
      b: { c: { ssn2: 'kept' } },
    });
    expect(written({ deep: { x: { b: { c: 'gone', d: 'kept' } } } })).toEqual({
      deep: { x: { b: { c: '[redacted]', d: 'kept' } } },
    });
  });

  it('begins at the top, not anywhere', () => {
    expect(written({ other: { user: { email: 'kept' } }, email: 'kept' })).toEqual({
      other: { user: { email: 'kept' } },
      email: 'kept',
    });
  });

  it('reaches into maps, forms and text that is JSON', () => {
    expect(written(new Map([['user', new Map([['email', 'a']])]]))).toEqual({ user: { email: '[redacted]' } });
    expect(sanitizer.jsonText('{"user":{"email":"a"}}')).toBe('{"user":{"email":"[redacted]"}}');
    expect(written({ user: { toJSON: () => ({ email: 'a' }) } })).toEqual({ user: { email: '[redacted]' } });
  });

  it('is the name of an attribute too', () => {
    expect(sanitizer.classify('user.email')).toBe('secret');
    expect(sanitizer.classify('user.name')).toBe('clean');
  });

  it.each(['.a', 'a..b', 'a[', 'a[x]', 'a b', 'a.', 'a["b]'])('%j is refused', (path) => {
    const { warnings } = resolveSettings({ environment: { SPANLEDGER_REDACT_PATHS: path } });
    expect(warnings[0]?.message).toContain(`${path} is none`);
  });
});
