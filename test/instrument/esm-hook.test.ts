import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createWorkshop } from '../register/program.ts';
import { createForeignApp } from './foreign-app.ts';

const app = createForeignApp();
const workshop = createWorkshop();
afterEach(async () => {
  app.remove();
  await workshop.remove();
});

const instrumentation = `
const { InstrumentationBase, InstrumentationNodeModuleDefinition } = require('@opentelemetry/instrumentation');
exports.GreeterInstrumentation = class GreeterInstrumentation extends InstrumentationBase {
  constructor(config) { super('greeter', '1.0.0', config); }
  init() {
    return new InstrumentationNodeModuleDefinition('greeter', ['>=2 <3'], (exports) => {
      this._wrap(exports, 'greet', (greet) => (name) => greet(name) + ', patched');
      return exports;
    });
  }
};
`;

it('applies an instrumentation that only the program has to an ES module', async () => {
  app.write(
    'package.json',
    '{"type":"module","dependencies":{"greeter":"2","@opentelemetry/instrumentation-greeter":"1"}}',
  );
  app.write(
    'node_modules/@opentelemetry/instrumentation-greeter/package.json',
    '{"version":"1.0.0","main":"index.js"}',
  );
  app.write('node_modules/@opentelemetry/instrumentation-greeter/index.js', instrumentation);
  const manifest = '{"version":"2.1.0","type":"module","exports":{"import":"./index.js"}}';
  app.write('node_modules/greeter/package.json', manifest);
  app.write('node_modules/greeter/index.js', 'export function greet(name) { return "hello " + name; }\n');
  app.write('main.js', `import { greet } from 'greeter';\nprocess.stdout.write(greet('you') + '\\n');\n`);
  const ended = await workshop.run({
    script: join('..', '..', '..', 'node_modules', app.directory.slice(app.directory.lastIndexOf('.')), 'main.js'),
  });
  expect(ended).toMatchObject({ code: 0, stdout: 'hello you, patched\n', stderr: '' });
});
