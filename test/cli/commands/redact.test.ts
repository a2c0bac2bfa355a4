import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { innocentTexts, secretTexts } from '../../corpus/secrets.ts';
import { runCli, startCli } from '../cli-process.ts';
import { temporaryDirectory } from '../written-ledger.ts';

describe('spanledger redact --test', () => {
  it('shows what would be masked and by which rule, and exits with 1', async () => {
    const { output, code } = await runCli(['redact', '--test', 'password=FAKE-1 card 4111111111111111']);
    expect(output).toContain('password=[redacted] card [redacted]');
    expect(output).toMatch(/2 places would be masked, by rule:\n +1 {2}card number\n +1 {2}key password\n/);
    expect(code).toBe(1);
  });

  it('exits with 0 where nothing would be masked', async () => {
    const { output, code } = await runCli(['redact', '--test', 'password reset sent']);
    expect({ output, code }).toEqual({ output: 'password reset sent\n\nNothing would be masked.\n', code: 0 });
  });

  it('reads a file, and rules of the settings', async () => {
    const cwd = temporaryDirectory();
    writeFileSync(
      join(cwd, 'spanledger.yaml'),
      "redact:\n  keys: [tenant]\n  patterns: ['CUST-\\d+']\n  paths: [user.email]\n",
    );
    writeFileSync(join(cwd, 'in.json'), '{"tenant":"FAKE","note":"CUST-12","user":{"email":"FAKE","n":1}}\n');
    const { output, code } = await runCli(['redact', '--test', '--json', 'in.json'], { cwd });
    const answer = JSON.parse(output);
    expect(JSON.parse(answer.text)).toEqual({
      tenant: '[redacted]',
      note: '[redacted]',
      user: { email: '[redacted]', n: 1 },
    });
    expect(answer.rules).toEqual([
      { rule: 'key tenant', count: 1 },
      { rule: 'pattern CUST-\\d+', count: 1 },
      { rule: 'path to email', count: 1 },
    ]);
    expect(code).toBe(1);
  });

  it('masks lines of JSON member by member', async () => {
    const { output } = await runCli(['redact', '{"token":"FAKE","n":1}\n{"n":2}']);
    expect(output).toBe('{"token":"[redacted]","n":1}\n{"n":2}\n');
  });

  it('shows control characters written out', async () => {
    const { output } = await runCli(['redact', '\u001b[31mred\u202e\u0007']);
    expect(output).toBe('\\e[31mred\\u{202e}\\u{7}\n');
  });

  it('finds every secret of the corpus and no innocent text, from standard input', async () => {
    for (const [texts, expected] of [
      [secretTexts.map(({ text }) => text), 1],
      [innocentTexts, 0],
    ] as const) {
      const cwd = temporaryDirectory();
      writeFileSync(join(cwd, 'in.log'), texts.join('\n\n'));
      const { output, code } = await runCli(['redact', '--test', 'in.log'], { cwd });
      expect(code).toBe(expected);
      if (expected === 1)
        for (const { cores } of secretTexts) for (const core of cores) expect(output).not.toContain(core);
    }
  });
});

it('spanledger redact reads standard input', async () => {
  const child = startCli(['redact', '-']);
  const chunks: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  expect(chunks.join('')).toBe('\n');
});
