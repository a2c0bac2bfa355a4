import { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { type Attributes, context, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { RPCType, setRPCMetadata } from '@opentelemetry/core';
import type { DocumentNode, execute as Execute, ExecutionArgs, getOperationAST as GetOperationAst } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServedMetadata } from '../../src/instrument/framework-request.ts';
import { graphqlPatch } from '../../src/instrument/graphql.ts';
import { forEachAspect } from '../../src/instrument/http.ts';

const require = createRequire(import.meta.url);
const { buildSchema, parse, ...graphql } = require('graphql') as typeof import('graphql');
const plain = { getOperationAST: graphql.getOperationAST, execute: graphql.execute };
const patched: { getOperationAST: typeof GetOperationAst; execute: typeof Execute } = { ...plain };
const patch = (file: string) => graphqlPatch({ exports: patched, name: file, directory: undefined }, () => undefined);

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  for (const file of ['graphql/utilities/getOperationAST.js', 'graphql/execution/execute.js']) {
    expect(patch(file)).toMatchObject({ result: 'patched', exports: patched });
  }
});
afterAll(() => context.disable());

const schema = buildSchema('type Query { user(id: ID): String } type Mutation { add(a: Int): Int }');
const rootValue = { user: ({ id }: { id?: string }) => `user ${id}`, add: ({ a }: { a?: number }) => a };
const argumentsOf = (document: DocumentNode, operationName?: string): ExecutionArgs => ({
  schema,
  document,
  rootValue,
  ...(operationName !== undefined && { operationName }),
});

/** What the span of a request says that is served by this. */
function attributesOf(serve: () => unknown): Attributes {
  const request = new IncomingMessage(new Socket());
  const attributes: Attributes = {};
  const span = Object.assign(Object.create(trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: 0 })), {
    setAttribute: (name: string, value: string) => Object.assign(attributes, { [name]: value }),
  }) as Span;
  const metadata: ServedMetadata = { type: RPCType.HTTP, span, request };
  context.with(setRPCMetadata(ROOT_CONTEXT, metadata), serve);
  forEachAspect((aspect) => aspect.answered?.(span, request, new ServerResponse(request)));
  return attributes;
}

const told = (type?: string, name?: string): Attributes => ({
  ...(type !== undefined && { 'graphql.operation.type': type }),
  ...(name !== undefined && { 'graphql.operation.name': name }),
});

const one = parse('query One { user(id: "secret") }');
const add = parse('mutation Add { add(a: 42) }');
const nameless = parse('{ user }');
const two = parse('query A { user } query B { user }');

describe('the operation that a request asks for', () => {
  it.each([
    ['a query', one, undefined, told('query', 'One')],
    ['a mutation', add, undefined, told('mutation', 'Add')],
    ['one without a name', nameless, undefined, told('query')],
    ['one of two', two, 'B', told('query', 'B')],
    ['one of two that is not named', two, undefined, told()],
    ['one that is not there', two, 'C', told()],
  ])('is told by type and name, whether its server asks for it or only runs it: %s', (_, document, name, expected) => {
    expect(attributesOf(() => patched.getOperationAST(document, name))).toEqual(expected);
    expect(attributesOf(() => patched.execute(argumentsOf(document, name)))).toEqual(expected);
  });

  it('is none of several in a batch', () => {
    expect(attributesOf(() => [one, add].map((each) => patched.getOperationAST(each)))).toEqual({});
    expect(attributesOf(() => [one, one].map((each) => patched.getOperationAST(each)))).toEqual(told('query', 'One'));
    expect(attributesOf(() => [one, add].map((document) => patched.execute(argumentsOf(document))))).toEqual({});
  });

  it('is that of which the server has asked, whatever it runs for it', () => {
    const serve = () => {
      patched.getOperationAST(one);
      patched.execute(argumentsOf(nameless));
    };
    expect(attributesOf(serve)).toEqual(told('query', 'One'));
    expect(attributesOf(() => [patched.execute(argumentsOf(nameless)), patched.getOperationAST(add)])).toEqual(
      told('mutation', 'Add'),
    );
  });

  it('changes nothing of what is answered, and is nothing outside of requests', () => {
    expect(patched.getOperationAST(two, 'A')).toBe(plain.getOperationAST(two, 'A'));
    expect(patched.execute(argumentsOf(one))).toEqual({ data: { user: 'user secret' } });
    const failing = { schema } as ExecutionArgs;
    expect(() => patched.execute(failing)).toThrow(errorOf(() => plain.execute(failing)));
    expect([patched.execute.name, patched.execute.length]).toEqual([plain.execute.name, plain.execute.length]);
  });

  it('is sought in no other file, and in no other version', () => {
    expect(patch('graphql/index.js')).toMatchObject({ result: 'none' });
    expect(
      graphqlPatch({ exports: {}, name: 'graphql/execution/execute.js', directory: undefined }, () => undefined),
    ).toEqual({ exports: {}, result: 'none' });
  });
});

function errorOf(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('It did not fail.');
}
