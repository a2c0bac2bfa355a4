import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commandDefinitions } from '../../src/cli/definitions.ts';
import { createProgram } from '../../src/cli/program.ts';
import { cliReference, helpOf } from '../../src/cli/reference.ts';
import { runCli } from './cli-process.ts';

const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');

it('docs/cli.md is what the command definitions make of it', async () => {
  await expect(cliReference()).toMatchFileSnapshot('../../docs/cli.md');
});

describe.each(commandDefinitions.map(({ name }) => name))('spanledger %s --help', (name) => {
  it('prints what the page shows', async () => {
    const { output, errors, code } = await runCli([name, '--help']);
    expect({ errors, code }).toEqual({ errors: '', code: 0 });
    expect(page).toContain(`\`\`\`text\n${output.trimEnd()}\n\`\`\``);
  });
});

it('spanledger --help prints what the page shows, and the page shows no other command', async () => {
  const { output, code } = await runCli(['--help']);
  expect(code).toBe(0);
  expect(page).toContain(`\`\`\`text\n${output.trimEnd()}\n\`\`\``);
  const sections = [...page.matchAll(/^## (.+)$/gm)].map(([, name]) => name);
  expect(sections).toEqual(commandDefinitions.map(({ name }) => name));
});

it('every help tells what the options of its command are for', () => {
  for (const command of createProgram(() => undefined).commands) {
    for (const option of command.options) {
      expect(option.description.length, `${command.name()} ${option.flags}`).toBeGreaterThan(8);
      expect(helpOf(command)).toContain(option.flags);
    }
  }
});
