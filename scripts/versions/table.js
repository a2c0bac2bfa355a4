// The table of versions in a page, between two marks.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @typedef {{ version: string, passed: number, failed: number, skipped: number, seconds: number }} Row */

/** @param {string} title What has the versions. @param {readonly Row[]} rows */
export function tableOf(title, rows) {
  const lines = rows.map(
    ({ version, passed, failed, skipped, seconds }) =>
      `| ${version} | ${passed} | ${failed} | ${skipped} | ${seconds} |`,
  );
  return [`| ${title} | passed | failed | skipped | seconds |`, '|---|---|---|---|---|', ...lines, ''].join('\n');
}

/** Replaces the rows of these versions between the marks of a page, and leaves the others. @param {string} page @param {string} title @param {readonly Row[]} rows */
export function markIn(page, title, rows) {
  const path = fileURLToPath(new URL(`../../${page}`, import.meta.url));
  const text = readFileSync(path, 'utf8');
  const name = title.toLowerCase().replaceAll('.', '');
  const marks = new RegExp(`(<!-- ${name} -->\\n)([\\s\\S]*?)(<!-- /${name} -->)`);
  const before = marks.exec(text)?.[2];
  if (before === undefined) throw new Error(`${page} has no marks <!-- ${name} --> and <!-- /${name} -->.`);
  const others = [...before.matchAll(/^\| (\d+[.\d]+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$/gm)]
    .map(([, version, ...counts]) => {
      const [passed, failed, skipped, seconds] = counts.map(Number);
      return { version, passed, failed, skipped, seconds };
    })
    .filter(({ version }) => rows.every((row) => majorOf(row.version) !== majorOf(version)));
  const all = [...others, ...rows].sort((one, other) => majorOf(one.version) - majorOf(other.version));
  writeFileSync(
    path,
    text.replace(marks, (_, begin, _rows, end) => `${begin}\n${tableOf(title, all)}\n${end}`),
  );
}

function majorOf(version) {
  return Number(version.split('.')[0]);
}
