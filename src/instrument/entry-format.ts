import { readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';

/**
 * Whether a program certainly begins as CommonJS. What begins as an ES module may import modules of Node.js in a way that nothing can
 * watch; so does what cannot be read here, such as the code of `node --eval`.
 */
export function beginsAsCommonJs(main: string | undefined): boolean {
  if (main === undefined) return false;
  const extension = extname(main);
  if (extension === '.cjs' || extension === '.cts') return true;
  if (extension === '.mjs' || extension === '.mts') return false;
  const type = packageTypeOf(dirname(main));
  if (type !== undefined) return type === 'commonjs';
  return hasNoModuleSyntax(main);
}

function packageTypeOf(directory: string): string | undefined {
  const parent = dirname(directory);
  try {
    const { type } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { type?: unknown };
    return typeof type === 'string' ? type : undefined;
  } catch {
    return parent === directory ? undefined : packageTypeOf(parent);
  }
}

/** Without a type Node.js looks at the text: what has `import` or `export` in it is run as an ES module. */
function hasNoModuleSyntax(main: string): boolean {
  try {
    return !/^\s*(?:import|export)\b/m.test(readFileSync(main, 'utf8'));
  } catch {
    return false;
  }
}
