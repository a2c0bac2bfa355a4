// docs/conventions.md, from src/telemetry/conventions.ts and the audit tables in src/domain/audit.ts.
import { page, table } from './markdown.js';

/** The page. A test holds the file in docs/ against the result. */
export function conventionsPage(tables) {
  const { attributeTable, eventTable, lifecycleEvents, spanTable, metricTable, auditCategories, auditLevels } = tables;
  return page('src/telemetry/conventions.ts and src/domain/audit.ts', [
    '# Names',
    introduction,
    '## Spans',
    table(['name', 'kind', 'what it is'], rows(spanTable)),
    '## Events',
    `An event is a span event, an OTLP log record of that event name and a row in \`audit_log\`. Those marked ● are the lifecycle events, which \`spanledger logs\` shows without \`--all\`.`,
    table(
      ['name', 'level', 'when', 'lifecycle'],
      Object.values(eventTable).map(([name, level, brief]) => [
        `\`${name}\``,
        level,
        brief,
        lifecycleEvents.includes(name) ? '●' : '',
      ]),
    ),
    '## Attributes',
    table(['name', 'type', 'what it holds'], rows(attributeTable)),
    '## Metrics',
    table(['name', 'instrument and unit', 'what it measures'], rows(metricTable)),
    '## Levels',
    'Lower case in tables and attributes, upper case in JSON logs, any case on input.',
    table(
      ['level', 'OpenTelemetry severity number'],
      Object.entries(auditLevels).map(([level, number]) => [`\`${level}\``, number]),
    ),
    '## Categories',
    table(
      ['category', 'what its records hold'],
      Object.entries(auditCategories).map(([category, brief]) => [`\`${category}\``, brief]),
    ),
  ]);
}

const introduction = `Every span, event, attribute and metric that spanledger writes. Names follow the OpenTelemetry semantic conventions where one exists; the rest
begin with \`spanledger.\`, \`import.\` or \`task.\`. They are stable: a name may join, none changes its meaning.`;

function rows(names) {
  return Object.values(names).map(([name, type, brief]) => [`\`${name}\``, type, brief]);
}
