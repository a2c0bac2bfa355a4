import type { InstrumentationEntry } from './instrumentation-table.ts';
import { enterMount, followed, type LayerHandler } from './route-place.ts';

/** The slice of connect that is patched, version 3: the function that makes apps. */
type Connect = (...args: unknown[]) => ConnectApp;

interface ConnectApp {
  use: (this: ConnectApp, ...args: unknown[]) => unknown;
  readonly stack: readonly Layer[];
}

interface Layer {
  /** Empty for what every request passes. */
  readonly route: string;
  handle: LayerHandler;
}

/** Learns of the paths under which middleware is mounted: connect has no other routes. */
export const connectPatch: NonNullable<InstrumentationEntry['patch']> = ({ exports, name, directory }, load) => {
  const more = load()?.patch(exports, name, directory);
  const current = more?.exports ?? exports;
  if (name !== 'connect' || typeof current !== 'function') return more?.result ?? 'none';
  return { exports: watchApps(current as Connect), result: 'patched' };
};

function watchApps(connect: Connect): Connect {
  return new Proxy(connect, {
    apply(make, self, args) {
      const app = Reflect.apply(make, self, args) as Partial<ConnectApp>;
      if (typeof app.use === 'function' && Array.isArray(app.stack)) app.use = following(app.use);
      return app;
    },
  });
}

function following(use: ConnectApp['use']): ConnectApp['use'] {
  return new Proxy(use, {
    apply(register, app: ConnectApp, args) {
      const { length } = app.stack;
      const result: unknown = Reflect.apply(register, app, args);
      for (const layer of app.stack.slice(length)) {
        // Four parameters: it is called for errors, which belong to the path where they arose.
        if (layer.route !== '' && layer.handle.length <= 3)
          layer.handle = followed(layer.handle, layer.route, enterMount);
      }
      return result;
    },
  });
}
