import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { arch, hostname } from 'node:os';
import { diag } from '@opentelemetry/api';
import {
  defaultResource,
  detectResources,
  envDetector,
  osDetector,
  processDetector,
  type Resource,
  type ResourceDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { type ProgramVersion, toldOrFound } from '../configuration/program-version.ts';
import { threadInstanceId } from '../journal/thread-instance.ts';
import type { JournalOwner } from '../projection/record.ts';
import { attribute } from '../telemetry/conventions.ts';
import type { RegisteredService } from './attachment.ts';
import type { ProcessPlace } from './process-place.ts';

const serviceName = 'service.name';

/** Who this process, or this thread of it, is: in its journal, and on the resource of everything it sends. */
export interface Identity {
  readonly owner: JournalOwner;
  readonly resource: Resource;
}

/**
 * The identity of this run of this process. The instance id is new in each run, since offsets are kept by it; an id that
 * `OTEL_RESOURCE_ATTRIBUTES` gives stays on the resource and becomes the front part of ours. Version and revision are those that
 * the service itself says, else what is found of the program.
 * @param service what an SDK that is there already says of the service
 */
export function createIdentity(
  detectorNames: readonly string[] | undefined,
  program: ProgramVersion,
  service?: RegisteredService,
): Identity {
  const named = detectResources({ detectors: [envDetector] }).attributes;
  const fresh = randomUUID();
  const given = named[attribute.instanceId];
  const told = {
    version: service?.version ?? named[attribute.serviceVersion],
    revision: service?.revision ?? named[attribute.revision],
  };
  const code = toldOrFound(told, program);
  const owner: JournalOwner = {
    instanceId: typeof given === 'string' ? `${given}-${fresh.slice(0, 8)}` : fresh,
    service:
      service?.name ??
      String(named[serviceName] ?? defaultResource().attributes[serviceName] ?? 'unknown_service:node'),
    host: hostname(),
    pid: process.pid,
    startedAt: Math.round(performance.timeOrigin * 1000),
    ...code,
  };
  const ours = {
    [attribute.instanceId]: given ?? owner.instanceId,
    ...(code.version !== undefined && { [attribute.serviceVersion]: code.version }),
    ...(code.revision !== undefined && { [attribute.revision]: code.revision }),
  };
  const detectors =
    detectorNames === undefined ? [envDetector, processDetector, hostDetector] : detectorsOf(detectorNames);
  const resource = defaultResource().merge(resourceFromAttributes(ours)).merge(detectResources({ detectors }));
  return { owner, resource };
}

/** The identity of a worker thread: that of its process, with an instance id of its own, here as on the resource. */
export function createThreadIdentity(place: Pick<ProcessPlace, 'parent' | 'resource'>, thread: number): Identity {
  const { parent, resource } = place;
  const instanceId = threadInstanceId(parent.instanceId, thread);
  const told = String(resource[attribute.instanceId] ?? parent.instanceId);
  return {
    owner: { ...parent, instanceId, startedAt: Date.now() * 1000 },
    resource: resourceFromAttributes({ ...resource, [attribute.instanceId]: threadInstanceId(told, thread) }),
  };
}

/**
 * The host as the SDK's own detector tells it, with its id read at once. The SDK looks the id up in the background, and until it is
 * found nothing can be sent: what a short program has to say would be lost at `process.exit`.
 */
const hostDetector: ResourceDetector = {
  detect: () => ({
    attributes: { 'host.name': hostname(), 'host.arch': architectures[arch()] ?? arch(), 'host.id': machineId() },
  }),
};

/** Names of the semantic conventions where they differ from those of Node.js. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm: 'arm32', ppc: 'ppc32' };

function machineId(): string | undefined {
  for (const path of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    try {
      return readFileSync(path, 'latin1').trim();
    } catch {
      // Not on this platform.
    }
  }
  return undefined;
}

/** By the names of `OTEL_NODE_RESOURCE_DETECTORS`. `serviceinstance` would contradict the journal; the resource has the id anyway. */
const detectorsByName: Readonly<Record<string, ResourceDetector | undefined>> = {
  host: hostDetector,
  os: osDetector,
  serviceinstance: undefined,
  process: processDetector,
  env: envDetector,
};

function detectorsOf(names: readonly string[]): ResourceDetector[] {
  if (names.includes('none')) return [];
  const wanted = names.includes('all') ? Object.keys(detectorsByName) : names;
  return wanted.flatMap((name) => {
    if (!(name in detectorsByName)) diag.warn(`OTEL_NODE_RESOURCE_DETECTORS names the unknown detector ${name}.`);
    return detectorsByName[name] ?? [];
  });
}
