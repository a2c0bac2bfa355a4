import { Argument, Command, InvalidArgumentError, Option, type OutputConfiguration } from 'commander';
import type { CommandDefinition, OptionDefinition } from './definition.ts';
import { commandDefinitions } from './definitions.ts';
import { createOptions, type Invocation } from './invocation.ts';
import { type OptionValue, optionParsers } from './option-values.ts';
import { packageVersion } from './package-version.ts';

const helpWidth = 100;

/** What the program hands over when a command was called with lawful arguments. */
export type Dispatch = (
  definition: CommandDefinition,
  call: Pick<Invocation, 'command' | 'arguments' | 'options'>,
) => void;

/** Where help and version go; by default the standard streams of the process. */
export type ProgramOutput = Pick<OutputConfiguration, 'writeOut' | 'writeErr'>;

/** The parser of the whole command line. Throws `CommanderError` instead of leaving the process. */
export function createProgram(dispatch: Dispatch, output: ProgramOutput = {}): Command {
  const program = new Command('spanledger');
  program
    .description('Import sessions, items and steps: what ran, what runs, what failed and what to do.')
    .version(packageVersion(), '--version', 'Print the version.')
    .helpOption('--help', 'Explain a command.')
    .helpCommand('help [command]', 'Explain a command.')
    .addHelpText('after', exitCodeText)
    .exitOverride()
    .configureOutput({
      ...output,
      getOutHelpWidth: () => helpWidth,
      getErrHelpWidth: () => helpWidth,
      outputError: () => {},
    });
  for (const definition of commandDefinitions) program.addCommand(toCommand(definition, program, dispatch));
  return program;
}

const exitCodeText = `
Exit codes: 0 fine, 1 a finding, 2 wrong usage, 3 the database cannot be reached.
DATABASE_URL chooses Postgres; without it the embedded store in SPANLEDGER_DIR (.spanledger) answers.`;

function toCommand(definition: CommandDefinition, program: Command, dispatch: Dispatch): Command {
  const command = new Command(definition.name).copyInheritedSettings(program);
  command.description([definition.brief, ...definition.notes].join('\n\n')).summary(definition.brief);
  command.helpOption('--help', 'Explain this command.').allowExcessArguments(false);
  for (const argument of definition.arguments) command.addArgument(toArgument(argument));
  for (const option of definition.options) command.addOption(toOption(option));
  command.addHelpText('after', afterHelp(definition));
  command.action(() => {
    const call = { command: definition.name, arguments: command.args, options: createOptions(command.opts()) };
    dispatch(definition, call);
  });
  return command;
}

function toArgument(definition: CommandDefinition['arguments'][number]): Argument {
  const argument = new Argument(definition.name, definition.brief);
  return definition.choices === undefined ? argument : argument.choices(definition.choices);
}

function toOption(definition: OptionDefinition): Option {
  const option = new Option(definition.flags, definition.brief);
  const parse = parserOf(definition);
  if (parse === undefined) return option;
  option.argParser<OptionValue>((text, previous) => {
    const value = parse(text);
    return definition.repeatable === true ? [...(Array.isArray(previous) ? previous : []), String(value)] : value;
  });
  if (definition.choices !== undefined) option.argChoices = [...definition.choices];
  if (definition.fallback !== undefined) option.default(parse(definition.fallback), definition.fallback);
  return option;
}

function parserOf({ value, choices }: OptionDefinition): ((text: string) => OptionValue) | undefined {
  if (choices === undefined) return value === undefined ? undefined : (text) => optionParsers[value](text);
  return (text) => {
    if (!choices.includes(text)) throw new InvalidArgumentError(`Give one of ${choices.join(', ')}.`);
    return text;
  };
}

function afterHelp(definition: CommandDefinition): string {
  const examples = definition.examples.map((example) => `  ${example}`).join('\n');
  const finding = definition.finding === undefined ? '' : `\n\nExits with 1 when ${definition.finding}.`;
  return `\nExamples:\n${examples}${finding}`;
}
