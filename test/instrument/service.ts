import { join } from 'node:path';
import type { Program, Workshop } from '../register/program.ts';

/** As seen from the fixtures that a workshop runs. */
const fixtures = join('..', '..', 'instrument', 'fixtures');

/** A service that runs, with the ports that it told in its first line. */
export interface Service extends Program {
  readonly ports: Readonly<Record<string, number>>;
  /** Ends it as an operator would. */
  stop(): Promise<void>;
}

/** Starts a service of `fixtures` as `node --import spanledger/register` does, or with other flags. */
export async function startService(
  workshop: Workshop,
  script: string,
  env: Readonly<Record<string, string>>,
  flags?: readonly string[],
): Promise<Service> {
  // A machine that is busy is no reason to lose what the test looks for.
  const program = workshop.start({
    script: join(fixtures, script),
    env: { SPANLEDGER_EXIT_TIMEOUT: '30000', ...env },
    ...(flags !== undefined && { flags }),
  });
  let output = '';
  program.child.stdout?.on('data', (text: string) => {
    output += text;
  });
  await program.said('}\n');
  const ports = JSON.parse(output.slice(output.indexOf('{'), output.indexOf('\n'))) as Service['ports'];
  const stop = async () => {
    program.child.kill('SIGTERM');
    await program.ended;
  };
  return { ...program, ports, stop };
}

/** What the services answer with. */
export type Answer = Readonly<Record<string, Readonly<Record<string, string>> | undefined>>;

/** A GET request, and what came back. */
export async function ask(port: number | undefined, path: string, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  return {
    status: response.status,
    correlation: response.headers.get('x-correlation-id'),
    body: (await response.json()) as Answer,
  };
}
