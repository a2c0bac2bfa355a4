// docs/errors.md, from the error catalogue and the diagnosis patterns in src/domain.
import { bullets, codes, page, table } from './markdown.js';

/** The page. A test holds the file in docs/ against the result. */
export function errorsPage({ errorCatalogue, errorPatterns }) {
  return page('src/domain/errors.ts and src/domain/diagnosis-patterns.ts', [
    '# Errors',
    introduction,
    '## Errors of spanledger',
    'Each is a `SpanledgerError` with `code`, `message`, `action`, `details` and `cause`. Match on `code`.',
    ...Object.entries(errorCatalogue).flatMap(([key, { message, action }]) => [
      `### SPANLEDGER_${key}`,
      `> ${named(message)}`,
      `**What to do.** ${named(action)}`,
    ]),
    '## Diagnosis of any error',
    diagnosis,
    table(
      ['pattern', 'category', 'severity', 'retry', 'time to fix'],
      Object.entries(errorPatterns).map(([key, { category, severity, retry, fixTime }]) => [
        `[${key}](#${key})`,
        `\`${category}\``,
        severity,
        retry,
        fixTime,
      ]),
    ),
    ...Object.entries(errorPatterns).flatMap(([key, pattern]) => [
      `### ${key}`,
      `**${pattern.title}.** ${pattern.diagnosis}`,
      bullets(pattern.actions.map(named)),
      marks(pattern),
    ]),
  ]);
}

const introduction = `The first part lists what spanledger itself raises. The second is what \`diagnose(error)\` knows about the errors of your program: it puts
category, severity and what to do into the record of every failure.`;

const diagnosis = `\`diagnose\` looks at \`code\`, SQLSTATE, HTTP status and shape of the error, then at its causes and the errors it gathers; the first match wins. Messages
count only where nothing else tells. One answer serves every component, so there is one answer on whether to retry.`;

function marks({ codes: own = [], codePrefixes = [], sqlStates = [], statuses = [], hints = [] }) {
  const parts = [
    own.length > 0 && `code ${codes(own)}`,
    codePrefixes.length > 0 && `code beginning with ${codes(codePrefixes)}`,
    sqlStates.length > 0 && `SQLSTATE ${codes(sqlStates.map((state) => (state.length === 2 ? `${state}xxx` : state)))}`,
    statuses.length > 0 && `HTTP status ${codes(statuses.map((status) => (status === 500 ? '5xx' : status)))}`,
    hints.length > 0 && `message like ${codes(hints.map((hint) => hint.source))}`,
  ].filter(Boolean);
  return parts.length === 0 ? 'Known by its shape, not by a code.' : `Known by ${parts.join('; ')}.`;
}

/** Placeholders in italics: `{path}` is filled when the error is made. */
function named(text) {
  return text.replaceAll(/\{(\w+)\}/g, '*$1*');
}
