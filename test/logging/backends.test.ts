import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createLogRecord, logRecordFields, toJsonLine } from '../../src/logging/log-record.ts';
import { tables } from '../../src/projection/tables.ts';
import { withCorrelationId } from '../../src/telemetry/correlation.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'log-backends.md'), 'utf8');
const blocks = [...page.matchAll(/^```(\w+)\n(.*?)^```/gms)].map(([, language, text]) => ({
  language,
  text: text ?? '',
}));
let line: string;
let record: Readonly<Record<string, unknown>>;

function block(language: string, mark: string): string {
  const found = blocks.find((one) => one.language === language && one.text.includes(mark));
  if (found === undefined) throw new Error(`There is no ${language} block with ${mark}.`);
  return found.text;
}

/** What a dotted path finds in the record that was written. */
function at(path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown>)?.[name], record);
}

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const span = trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 });
  const told = { logger: 'orders', level: 'error', message: 'it failed', fields: { job_id: 'job-9' } } as const;
  line = context.with(trace.setSpan(context.active(), span), () =>
    withCorrelationId('order-7', () =>
      toJsonLine(createLogRecord({ ...told, error: new TypeError('no') }, 'importer', true)),
    ),
  );
  record = { source: { file: '', line: 0 }, ...JSON.parse(line) };
});
afterAll(() => context.disable());

it('is one line with each field once', () => {
  expect(line.trimEnd()).not.toContain('\n');
  expect(new Set([...Object.keys(record)])).toEqual(new Set(logRecordFields));
  // A name that stood there twice would be lost on the way.
  expect(JSON.stringify(JSON.parse(line))).toBe(line.trimEnd());
});

describe('the configuration for Loki', () => {
  it('makes labels of service, environment and level alone, and reads what is there', () => {
    const [job] = parse(block('yaml', '# loki-pipeline')).scrape_configs;
    const stages = Object.assign({}, ...job.pipeline_stages);
    for (const path of Object.values<string>(stages.json.expressions))
      expect([path, at(path)]).not.toContain(undefined);
    const { __path__: _, ...labels } = job.static_configs[0].labels;
    expect(Object.keys({ ...labels, ...stages.labels }).sort()).toEqual(['environment', 'level', 'service']);
    expect(Object.keys(stages.structured_metadata).sort()).toEqual(['correlation_id', 'job_id', 'trace_id']);
    const read = Object.keys(stages.json.expressions);
    for (const name of [
      ...Object.keys(stages.labels),
      ...Object.keys(stages.structured_metadata),
      stages.timestamp.source,
    ]) {
      expect(read).toContain(name);
    }
  });

  it('parses for the Collector, whose pipelines name what is there', () => {
    const { extensions, receivers, processors, exporters, service } = parse(block('yaml', '# loki-collector'));
    const { logs } = service.pipelines;
    expect([service.extensions, logs.receivers, logs.processors, logs.exporters]).toEqual(
      [extensions, receivers, processors, exporters].map((parts) => Object.keys(parts)),
    );
    const named = block('yaml', '# loki-collector').matchAll(/(?:parse_from|from|field): attributes\.([\w.]+)/g);
    const paths = [...named].map(([, path]) => path ?? '');
    expect(paths).toHaveLength(11);
    for (const path of paths) expect([path, at(path)]).not.toContain(undefined);
    const limits = parse(block('yaml', '# loki-limits')).limits_config.otlp_config;
    expect(limits.resource_attributes.attributes_config).toEqual([
      { action: 'index_label', attributes: ['service.name', 'deployment.environment.name'] },
    ]);
  });
});

it('maps every field for Elasticsearch, and extra as flattened', () => {
  const { properties } = JSON.parse(block('json', 'index_patterns')).template.mappings;
  expect(Object.keys(properties).filter((name) => name !== '@timestamp')).toEqual([...logRecordFields]);
  expect(properties.extra.type).toBe('flattened');
  for (const name of Object.keys(properties.exception.properties)) expect(at(`exception.${name}`)).toBeDefined();
  expect(at(JSON.parse(block('json', 'copy_from')).processors[0].set.copy_from)).toBeDefined();
});

it('finds time and line ends for Splunk', () => {
  const settings = new Map(
    block('ini', '[spanledger]')
      .split('\n')
      .filter((one) => one.includes(' = '))
      .map((one) => [one.slice(0, one.indexOf(' = ')), one.slice(one.indexOf(' = ') + 3)] as const),
  );
  const prefix = new RegExp(settings.get('TIMESTAMP_PREFIX') ?? '(?!)').exec(line);
  const time = line.slice(
    (prefix?.index ?? 0) + (prefix?.[0].length ?? 0),
    Number(settings.get('MAX_TIMESTAMP_LOOKAHEAD')) + 14,
  );
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/);
  expect(
    `${line}${line}`.split(new RegExp(settings.get('LINE_BREAKER') ?? '(?!)')).filter((one) => /\S/.test(one)),
  ).toHaveLength(2);
  for (const [name, value] of settings) {
    if (name.startsWith('FIELDALIAS-')) expect([name, at(value.split(' AS ')[0] ?? '')]).not.toContain(undefined);
  }
});

it('remaps for Datadog what is there, status, service and trace among it', () => {
  const { processors } = JSON.parse(block('json', '"processors": [\n    {'));
  const types = processors.map(({ type }: { type: string }) => type);
  for (const type of ['date', 'status', 'service', 'message', 'trace-id', 'span-id'])
    expect(types).toContain(`${type}-remapper`);
  for (const { sources } of processors) for (const path of sources) expect([path, at(path)]).not.toContain(undefined);
});

describe('the ways to find lines again in docs/logging.md', () => {
  const logging = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'logging.md'), 'utf8');
  const found = (pattern: RegExp) => [...logging.matchAll(pattern)].map(([, one]) => one ?? '');

  it('S4.25 S4.26 ask jq for fields that a line has', () => {
    const paths = found(/^jq -c 'select\(\.([\w.]+) == "ID"\)'/gm);
    expect(paths).toEqual(['correlation_id', 'extra.job_id']);
    for (const path of paths) expect([path, typeof at(path)]).toEqual([path, 'string']);
  });

  it('S4.25 S4.26 ask Loki for what the pipeline makes structured metadata', () => {
    const [job] = parse(block('yaml', '# loki-pipeline')).scrape_configs;
    const { structured_metadata: metadata } = Object.assign({}, ...job.pipeline_stages);
    const names = found(/^\{service="importer"\} \| (\w+)="ID"$/gm);
    expect(names).toEqual(['correlation_id', 'job_id']);
    expect(Object.keys(metadata)).toEqual(expect.arrayContaining(names));
  });

  it('S4.25 S4.26 ask Postgres for columns that audit_log has', () => {
    const columns = tables.audit_log.columns.map(({ name }) => name as string);
    const names = found(/from spanledger\.audit_log where (\w+) = 'ID'/g);
    expect(names).toEqual(['correlation_id', 'task_id']);
    for (const name of names) expect(columns).toContain(name);
  });

  it('S4.29 name a level for each place', () => {
    expect(logging).toMatch(/\| development \| DEBUG \|\n\| staging \| INFO \|\n\| production \| INFO or WARNING \|/);
  });
});
