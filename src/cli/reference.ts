import type { Command } from 'commander';
import { commandDefinitions } from './definitions.ts';
import { createProgram } from './program.ts';

/** The text of docs/cli.md: every command with its help, made of the definitions. */
export function cliReference(): string {
  const program = createProgram(() => undefined);
  return [introduction, fenced(helpOf(program)), ...program.commands.map(section)].join('\n\n').concat('\n');
}

/** What `--help` prints, the examples and exit codes after it included. */
export function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut(part) {
      text += part;
    },
  });
  command.outputHelp();
  return text.trimEnd();
}

const introduction = `# The command line

Generated from the command definitions; a test holds both together.

\`spanledger\` answers from Postgres where \`DATABASE_URL\` or \`SPANLEDGER_DATABASE_URL\` names one, and otherwise from an
embedded database in \`SPANLEDGER_DIR\` (default \`.spanledger\`), into which it first loads what the journals hold. Journals of no more
than 32 MiB answer themselves until something makes that database, such as \`spanledger ship\`. While Postgres cannot be reached, the
listings answer from the journals on this machine and say so on standard error.

- Listings take \`--json\`: one object per line, named as the columns of the tables, details parsed. A record's time is \`time\`.
- Filters combine with AND. Ids match exactly: session 12 is not session 120.
- Times are UTC in ISO 8601. Colours appear on a terminal only and honour \`NO_COLOR\`.
- Control characters in data are written out (\`\\n\`, \`\\e\`), so that no record can break a listing.
- Answers go to standard output, remarks and errors to standard error. An error has a code, what happened and what to do.

| exit code | meaning |
|---|---|
| 0 | fine; also a listing without entries |
| 1 | a finding: inconsistent, unhealthy, not found, failed |
| 2 | wrong usage or a wrong setting |
| 3 | the database cannot be reached or its schema does not fit |`;

function section(command: Command): string {
  const definition = commandDefinitions.find(({ name }) => name === command.name());
  const parts = [`## ${command.name()}`, definition?.brief ?? '', fenced(helpOf(command))];
  return parts.join('\n\n');
}

function fenced(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}
