// Reads tables, indexes and views from the SQL of the migrations: as much SQL as these files use, and no more.

const schema = ':"schema".';

/** The comment lines right above a statement, as prose. */
function commentAbove(sql, offset) {
  const lines = sql.slice(0, offset).split('\n').slice(0, -1);
  const first = lines.findLastIndex((line) => !line.startsWith('--')) + 1;
  return lines
    .slice(first)
    .map((line) => line.replace(/^-- ?/, ''))
    .join(' ');
}

/** Tables with their columns, those that a later migration added at the end. */
export function tablesIn(sql) {
  const added = [
    ...sql.matchAll(
      /^alter table :"schema"\.(\w+)\s+add column (\w+) ([a-z][a-z ]*?)(?= not null| default| check|;)/gm,
    ),
  ];
  return [...sql.matchAll(/^create table :"schema"\.(\w+) \(\n([\s\S]*?)^\)/gm)].map(([, name, body]) => ({
    name,
    columns: [
      ...body.matchAll(
        /^ {2}(?!primary|unique|check|--)(\w+) ([a-z][a-z ]*?)(?= not null| primary key| default| check| generated|,|\n)/gm,
      ),
    ]
      .map(([, column, type]) => ({ name: column, type }))
      .concat(added.filter((one) => one[1] === name).map(([, , column, type]) => ({ name: column, type }))),
  }));
}

/** Indexes with what they are on and what the comment above says that they are for. */
export function indexesIn(sql) {
  return [...sql.matchAll(/^create (?:unique )?index (\w+) on :"schema"\.(\w+)\s+([^;]*);/gm)].map((match) => ({
    name: match[1],
    table: match[2],
    on: match[3].replaceAll(/\s+/g, ' ').trim(),
    comment: commentAbove(sql, match.index),
  }));
}

/** Views, the last definition of each, with the comment above. */
export function viewsIn(sql) {
  const found = [...sql.matchAll(/^create (?:or replace )?view :"schema"\.(\w+) as\n([\s\S]*?);\n/gm)].map((match) => ({
    name: match[1],
    query: match[2],
    comment: commentAbove(sql, match.index),
  }));
  return [...new Map(found.map((view) => [view.name, view])).values()];
}

/** Names of a view's columns, in order. `views` are all views, since one may select from another. */
export function columnsOfView(view, views) {
  return columnsOfQuery(view.query, views);
}

function columnsOfQuery(query, views) {
  const bare = query.replaceAll(/--[^\n]*/g, ' ');
  const start = /^\s*select\s/.exec(bare);
  if (start === null) throw new Error(`Not a select: ${query}`);
  const from = indexAtDepth(bare, /\sfrom\s/y, start[0].length);
  const items = splitAtDepth(bare.slice(start[0].length, from));
  return items.flatMap((item) => columnsOfItem(item.trim(), bare.slice(from), views));
}

function columnsOfItem(item, from, views) {
  if (item === '*' || item.endsWith('.*')) return columnsOfSource(from, views);
  const name = /(?:\sas\s+|\.|^)(\w+)$/.exec(item)?.[1];
  if (name === undefined) throw new Error(`No column name in: ${item}`);
  return [name];
}

function columnsOfSource(from, views) {
  const text = from.replace(/^\s*from\s+/, '');
  if (text.startsWith('(')) return columnsOfQuery(text.slice(1, closing(text)), views);
  const name = text.startsWith(schema) ? /^\w+/.exec(text.slice(schema.length))?.[0] : undefined;
  const view = views.find((one) => one.name === name);
  if (view === undefined) throw new Error(`No view to take columns from: ${from}`);
  return columnsOfView(view, views);
}

function splitAtDepth(text) {
  const parts = [];
  let rest = text;
  for (;;) {
    const comma = indexAtDepth(rest, /,/y, 0);
    parts.push(rest.slice(0, comma));
    if (comma === rest.length) return parts;
    rest = rest.slice(comma + 1);
  }
}

/** Where `pattern`, sticky, first matches outside of parentheses and quotes; the end where it does not. */
function indexAtDepth(text, pattern, begin) {
  let depth = 0;
  for (let at = begin; at < text.length; at += 1) {
    if (text[at] === "'") at = text.indexOf("'", at + 1);
    else if (text[at] === '(') depth += 1;
    else if (text[at] === ')') depth -= 1;
    pattern.lastIndex = at;
    if (depth === 0 && pattern.test(text)) return at;
  }
  return text.length;
}

/** Where the parenthesis that opens the text is closed. */
function closing(text) {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "'") at = text.indexOf("'", at + 1);
    else if (text[at] === '(') depth += 1;
    else if (text[at] === ')') depth -= 1;
    if (depth === 0) return at;
  }
  throw new Error(`A parenthesis stays open: ${text}`);
}
