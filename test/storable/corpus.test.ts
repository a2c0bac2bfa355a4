import { describe, expect, it } from 'vitest';
import { createSanitizer } from '../../src/storable/sanitizer.ts';
import { innocentTexts, secretTexts, secretValues } from '../corpus/secrets.ts';

const sanitizer = createSanitizer();

/** Written as lenient encoders of forms and addresses do: spaces as `+`, and as bytes only what could not stand there otherwise. */
function asForm(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^ -~]|["<>&?%+#]/gu, encodeURIComponent)
    .replaceAll(' ', '+');
}

/** Those of which a form shows by nothing but `+` that it is one. */
const plainForms = secretTexts
  .map(({ name, text }) => ({ name, form: asForm(text) }))
  .filter(({ form }) => form.includes('+') && !form.includes('%'));

function expectNone(stored: string, cores: readonly string[]): void {
  for (const core of cores) expect(stored).not.toContain(core);
}

describe('the corpus of secrets', () => {
  it('has no two cases of one name, and in each text its secret', () => {
    const names = secretTexts.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { text, cores } of secretTexts) {
      const unescaped = text.replaceAll(/\\+n/g, '\n').replaceAll('\r\n', '\n');
      for (const core of cores) expect(unescaped.replaceAll(' ', '\n')).toContain(core.replaceAll(' ', '\n'));
    }
  });

  it.each(secretTexts)('is gone from a text: $name', ({ text, cores }) => {
    const stored = sanitizer.text(text);
    expectNone(stored, cores);
    expect(stored).toContain('[redacted]');
  });

  it.each(secretTexts)('is gone from a text within others: $name', ({ text, cores }) => {
    expectNone(sanitizer.text(`it's <b>2</b> - a=b "c": 'd'\n${text}\nat f (/a/b.js:1:2)`), cores);
    expectNone(sanitizer.json({ message: text, list: [text], nested: JSON.stringify({ message: text }) }), cores);
    expectNone(sanitizer.jsonText(JSON.stringify([{ error: { stack: `Error: ${text}\n    at f` } }])), cores);
  });

  it.each(secretTexts)('is gone from a text that is encoded, once or twice: $name', ({ text, cores }) => {
    const once = encodeURIComponent(text.toWellFormed());
    const form = new URLSearchParams({ note: text }).toString();
    for (const given of [once, encodeURIComponent(once), form]) {
      const stored = sanitizer.text(`GET https://peer/a?n=1&note=${given}&m=2 failed`);
      expectNone(stored, cores);
      expect(stored).toContain('m=2 failed');
      expectNone(sanitizer.json({ [given.slice(0, 200)]: given, list: [`"${given}"`] }), cores);
    }
  });

  it.each(secretTexts)('is gone from a form that encodes little but spaces: $name', ({ text, cores }) => {
    const form = asForm(text);
    const both = cores.flatMap((core) => [core, core.replaceAll(' ', '+')]);
    for (const given of [form, `note=${form}&m=2`, `GET /a?n=1&note=${form}&m=2 failed`]) {
      expectNone(sanitizer.text(given), both);
      expectNone(sanitizer.json({ form: given, list: [given] }), both);
    }
  });

  it.each(plainForms)(
    'is gone from a form that has no sign of one but `+`, as after a second time: $name',
    ({ form }) => {
      const once = sanitizer.text(form);
      expect(once).toContain('[redacted]');
      expect(sanitizer.text(once)).toBe(once);
    },
  );

  it.each(secretValues)('is gone from a value: $name', ({ value, cores }) => {
    const stored = sanitizer.json(value);
    expectNone(stored, cores);
    expectNone(sanitizer.json({ deep: [{ value }] }), cores);
    expectNone(sanitizer.jsonText(stored), cores);
    expect(() => JSON.parse(stored)).not.toThrow();
  });

  it.each(secretTexts)('is the same after a second time: $name', ({ text }) => {
    const once = sanitizer.text(text);
    expect(sanitizer.text(once)).toBe(once);
  });
});

describe('an innocent text', () => {
  it.each(innocentTexts)('stays as it is: %s', (text) => {
    expect(sanitizer.text(text)).toBe(text);
    expect(JSON.parse(sanitizer.json({ text }))).toEqual({ text });
  });

  it.each(innocentTexts)('stays as it is in a form: %s', (text) => {
    const form = asForm(text);
    expect(sanitizer.text(form)).toBe(form);
    expect(sanitizer.text(`n=1&note=${form}&m=2`)).toBe(`n=1&note=${form}&m=2`);
  });
});

describe('a text made to be slow', () => {
  const size = 200_000;
  const hostile = [
    '-'.repeat(size),
    ' -p'.repeat(size / 3),
    'mysql '.repeat(size / 6),
    '<a '.repeat(size / 3),
    '<a>'.repeat(size / 3),
    '</password>'.repeat(size / 11),
    'insert into a ('.repeat(size / 15),
    "insert into a (password) values ('".repeat(size / 34),
    'form-data; name="password"\n'.repeat(size / 27),
    '"name":"x",'.repeat(size / 11),
    '"a-b",'.repeat(size / 6),
    'login a password '.repeat(size / 17),
    'password is '.repeat(size / 12),
    "password '".repeat(size / 10),
    '--token '.repeat(size / 8),
    `'${'\\'.repeat(size)}'-- ssw`,
    '%25'.repeat(size / 3),
    `%${'25'.repeat(size / 2)}`,
    '%20 '.repeat(size / 4),
    '+-a'.repeat(size / 3),
    '+'.repeat(size),
    'a+'.repeat(size / 2),
    'a+b '.repeat(size / 4),
    '4111+'.repeat(size / 5),
    'password+'.repeat(size / 9),
    'token+=+'.repeat(size / 8),
    'BEGIN+ '.repeat(size / 7),
    `${'a+'.repeat(size / 2)}%20`,
    '%3Apassword%3D&'.repeat(size / 15),
    'jdbc:oracle:thin:a/'.repeat(size / 19),
    'a://b@'.repeat(size / 6),
    'hooks.slack.com/services/'.repeat(size / 25),
    'key-'.repeat(size / 4),
    'eyJ.'.repeat(size / 4),
    '4111 '.repeat(size / 5),
    '"password":{'.repeat(size / 12),
    'a(token)=('.repeat(size / 10),
  ];

  it.each(hostile.map((text) => [text.slice(0, 24), text] as const))('takes no longer in proportion: %s', (_, text) => {
    const cost = (part: string): number => {
      const before = process.cpuUsage().user;
      sanitizer.text(part);
      return process.cpuUsage().user - before;
    };
    cost(text.slice(0, size / 8));
    const small = cost(text.slice(0, size / 8));
    // Eight times the text may take thirty times as long before it counts as more than linear; a square would take 64 times.
    expect(cost(text)).toBeLessThan(30 * small + 50_000);
  });
});
