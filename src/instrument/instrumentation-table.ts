import { httpOptions, undiciOptions } from './http.ts';
import type { Patcher, PatchOutcome, PatchTarget } from './patcher.ts';
import { pgOptions } from './pg.ts';

/** One thing that can be instrumented, as data. */
export interface InstrumentationEntry {
  /** As `OTEL_NODE_ENABLED_INSTRUMENTATIONS` and `OTEL_NODE_DISABLED_INSTRUMENTATIONS` name it. */
  readonly name: string;
  /** Packages, or modules of Node.js, that are patched. */
  readonly modules: readonly string[];
  /** The package that patches them; its export ends in `Instrumentation`. Absent where nothing needs to be patched. */
  readonly package?: string;
  /** Patches the modules instead, and loads what the package has when it needs it. */
  readonly patch?: (target: PatchTarget, load: () => Patcher | undefined) => PatchOutcome['result'] | PatchOutcome;
  /** What it is told. Called when it is loaded. */
  readonly options?: () => Readonly<Record<string, unknown>>;
  /** What is seen of these modules where nothing patches them. */
  readonly seenThrough?: string;
  /** Whether these modules may be ES modules, which only a loader hook can reach. */
  readonly isEsm?: true;
  /** Packages through which programs have ES modules that they do not ask for by name. */
  readonly within?: readonly string[];
  /** Patched only where the program asks for these modules by name: others stand on them, too. */
  readonly isDirect?: true;
}

const contrib = (name: string) => `@opentelemetry/instrumentation-${name}`;

/** An instrumentation that the program may have installed. */
function installable(name: string, ...modules: readonly string[]): InstrumentationEntry {
  return { name, modules: modules.length === 0 ? [name] : modules, package: contrib(name) };
}

const throughHttp = 'requests are seen through node:http';

/** A framework on top of `node:http`: without its own instrumentation its requests are seen all the same. */
function framework(name: string, ...modules: readonly string[]): InstrumentationEntry {
  return { ...installable(name, ...modules), seenThrough: throughHttp };
}

/** Everything that is known to be instrumentable. Those of http, undici and pg come with spanledger; what stands on http is patched by it. */
export const instrumentationTable: readonly InstrumentationEntry[] = [
  { name: 'http', modules: ['http', 'https'], package: contrib('http'), options: httpOptions },
  { name: 'undici', modules: ['undici'], package: contrib('undici'), options: undiciOptions },
  installable('express'),
  installable('koa', 'koa', '@koa/router', 'koa-router', 'koa-mount'),
  { name: 'pg', modules: ['pg', 'pg-pool'], package: contrib('pg'), options: pgOptions },
  { name: 'fastify', modules: ['fastify'], seenThrough: `${throughHttp}, with their routes` },
  { name: 'hono', modules: ['hono'], seenThrough: `${throughHttp}, with their routes` },
  installable('connect'),
  installable('hapi', '@hapi/hapi'),
  { name: 'next', modules: ['next'] },
  { name: 'h3', modules: ['h3'], isEsm: true },
  { name: 'trpc', modules: ['@trpc/server'], isEsm: true },
  { name: 'polka', modules: ['polka'], isEsm: true },
  { name: 'adonis', modules: ['@adonisjs/http-server'], isEsm: true, within: ['@adonisjs/core'] },
  { name: 'feathers', modules: ['@feathersjs/transport-commons'] },
  { name: 'find-my-way', modules: ['find-my-way'], isDirect: true },
  framework('nestjs-core', '@nestjs/core'),
  installable('restify'),
  framework('socket.io'),
  installable('amqplib'),
  installable('aws-sdk', '@aws-sdk/middleware-stack', '@smithy/middleware-stack', '@smithy/smithy-client', 'aws-sdk'),
  installable('cassandra-driver'),
  installable('dataloader'),
  installable('grpc', '@grpc/grpc-js'),
  { ...installable('graphql'), isEsm: true },
  installable('ioredis'),
  installable('kafkajs'),
  installable('knex'),
  installable('memcached'),
  installable('mongodb'),
  installable('mongoose'),
  installable('mysql'),
  installable('mysql2'),
  { ...installable('openai'), isEsm: true },
  installable('oracledb'),
  installable('redis', 'redis', '@redis/client', '@node-redis/client'),
  installable('tedious'),
  installable('typeorm'),
];
