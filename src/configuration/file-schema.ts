import { type FunctionRole, functionRoles } from '../instrument/function-rule.ts';
import { type FunctionField, functionFields } from './function-fields.ts';
import type { JsonSchema } from './setting-kinds.ts';
import { type SettingDefinition, settingTable } from './setting-table.ts';

/**
 * The JSON Schema (draft-07, which editors know best) of `spanledger.yaml`: every key that something reads, what it takes and what it does.
 * `spanledger.schema.json` of the package is this.
 */
export function fileSchema(): JsonSchema {
  const root: Section = { settings: {}, sections: {} };
  for (const definition of Object.values<SettingDefinition<unknown>>(settingTable)) {
    const path = definition.file.split('.');
    const key = path.pop() ?? '';
    let section = root;
    for (const name of path) {
      section.sections[name] ??= { settings: {}, sections: {} };
      section = section.sections[name];
    }
    section.settings[key] = settingSchema(definition);
  }
  const { properties, ...rest } = sectionSchema(root);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'spanledger.yaml',
    description: 'The settings of spanledger. An environment variable that is set goes before what stands here.',
    ...rest,
    properties: { ...(properties as JsonSchema), instrument: instrumentSchema() },
  };
}

interface Section {
  readonly settings: Record<string, JsonSchema>;
  readonly sections: Record<string, Section>;
}

function sectionSchema({ settings, sections }: Section): JsonSchema {
  const inner = Object.entries(sections).map(([name, section]) => [name, sectionSchema(section)] as const);
  // A key without a value is as one that is not there.
  return {
    type: ['object', 'null'],
    additionalProperties: false,
    properties: { ...settings, ...Object.fromEntries(inner) },
  };
}

function settingSchema({ kind, brief, env, unit, fallback }: SettingDefinition<unknown>): JsonSchema {
  const description = `${brief}\n\nEnvironment: ${env.join(' or ')}.${unit === undefined ? '' : ` Unit: ${unit}.`}`;
  return { description, ...orNull(kind.schema), ...(fallback !== undefined && { default: fallback }) };
}

function orNull(schema: JsonSchema): JsonSchema {
  const { type, anyOf } = schema;
  return Array.isArray(anyOf) ? { anyOf: [...anyOf, { type: 'null' }] } : { ...schema, type: [type, 'null'] };
}

function instrumentSchema(): JsonSchema {
  const fields = Object.entries<FunctionField>(functionFields);
  return {
    description: 'Functions of the program that are recorded, without a line of code in it.',
    type: ['array', 'null'],
    items: {
      type: 'object',
      additionalProperties: false,
      required: fields.filter(([, { isRequired }]) => isRequired === true).map(([name]) => name),
      properties: Object.fromEntries(fields.map(([name, field]) => [name, fieldSchema(field)])),
      allOf: functionRoles.map(roleSchema),
    },
  };
}

function fieldSchema({ kind, brief, roles }: FunctionField): JsonSchema {
  const scope = roles === undefined ? '' : ` For ${roles.join(', ')}.`;
  return { description: `${brief} It takes ${kind.takes}.${scope}`, ...kind.schema };
}

/** What is for others is refused. */
function roleSchema(role: FunctionRole): JsonSchema {
  const foreign = Object.entries<FunctionField>(functionFields).filter(
    ([, { roles }]) => roles !== undefined && !roles.includes(role),
  );
  return {
    if: { properties: { as: { const: role } } },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema has it
    then: { properties: Object.fromEntries(foreign.map(([name]) => [name, false])) },
  };
}
