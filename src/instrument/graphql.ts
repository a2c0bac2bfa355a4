import { attribute } from '../telemetry/conventions.ts';
import { requestHere } from './framework-request.ts';
import { addHttpAspect, type HttpAspect } from './http-aspects.ts';
import type { InstrumentationEntry } from './instrumentation-table.ts';
import type { PatchOutcome } from './patcher.ts';

/** The slice of the package graphql that is patched, version 16: what its servers ask which operation is meant, and to run it. */
interface GraphqlFile {
  getOperationAST?: (
    this: unknown,
    document: unknown,
    name: unknown,
    ...rest: unknown[]
  ) => Operation | null | undefined;
  execute?: (this: unknown, ...args: unknown[]) => unknown;
}

interface Operation {
  readonly kind?: unknown;
  readonly operation?: unknown;
  readonly name?: { readonly value?: unknown };
}

/** What a request asks for, as far as one answer is right. */
interface Asked {
  readonly type: string;
  readonly name: string | undefined;
  /** Whether its server has said so, and not only whoever ran it. */
  readonly isCertain: boolean;
}

const asked = Symbol('spanledger.graphql-operation');

interface AskedRequest {
  [asked]?: Asked | 'several';
}

/** Tells the span of a request which operation of GraphQL it asks for: type and name, and nothing of what is in it. */
export const graphqlPatch: NonNullable<InstrumentationEntry['patch']> = ({ exports, name, directory }, load) => {
  const more = load()?.patch(exports, name, directory);
  const current = (more?.exports ?? exports) as GraphqlFile;
  const isWatched = askingFile.test(name) ? watchAsking(current) : runningFile.test(name) && watchRunning(current);
  return { exports: current, result: isWatched ? 'patched' : (more?.result ?? 'none') } satisfies PatchOutcome;
};

const askingFile = /^graphql[\\/]utilities[\\/]getOperationAST\.js$/;
const runningFile = /^graphql[\\/]execution[\\/]execute\.js$/;

function watchAsking(file: GraphqlFile): boolean {
  const { getOperationAST } = file;
  if (getOperationAST === undefined) return false;
  const seen: typeof getOperationAST = function (...args) {
    const operation = getOperationAST.apply(this, args);
    if (operation) tell(operation, true);
    return operation;
  };
  return replace(file, 'getOperationAST', getOperationAST, seen);
}

function watchRunning(file: GraphqlFile): boolean {
  const { execute } = file;
  if (execute === undefined) return false;
  const seen: typeof execute = function (...args) {
    const [first] = args as [Partial<Record<'document' | 'operationName', unknown>> | undefined];
    // Its arguments may also be given one by one.
    const [document, name] = args.length > 1 ? [args[1], args[5]] : [first?.document, first?.operationName];
    const operation = operationOf(document, name);
    if (operation !== undefined) tell(operation, false);
    return execute.apply(this, args);
  };
  return replace(file, 'execute', execute, seen);
}

function replace(file: object, key: string, { name, length }: { name: string; length: number }, seen: object): boolean {
  Object.defineProperties(seen, { name: { value: name }, length: { value: length } });
  return Reflect.set(file, key, seen);
}

function operationOf(document: unknown, name: unknown): Operation | undefined {
  const { definitions } = (document ?? {}) as { readonly definitions?: readonly Operation[] };
  if (!Array.isArray(definitions)) return undefined;
  const operations = (definitions as readonly Operation[]).filter(({ kind }) => kind === 'OperationDefinition');
  if (typeof name === 'string') return operations.find((one) => one.name?.value === name);
  return operations.length === 1 ? operations[0] : undefined;
}

let isTold = false;

function tell({ operation, name }: Operation, isCertain: boolean): void {
  const request = requestHere() as AskedRequest | undefined;
  if (request === undefined || typeof operation !== 'string') return;
  if (!isTold) addHttpAspect(graphqlOperations);
  isTold = true;
  const text = typeof name?.value === 'string' ? name.value : undefined;
  const { [asked]: before } = request;
  const now: Asked = { type: operation, name: text, isCertain };
  if (before === undefined) Object.defineProperty(request, asked, { value: now, writable: true });
  else request[asked] = both(before, now);
}

/** A batch has several. What a server runs to answer one, as gateways do, is another matter. */
function both(before: Asked | 'several', now: Asked): Asked | 'several' {
  if (before === 'several' || (before.isCertain && !now.isCertain)) return before;
  if (!before.isCertain && now.isCertain) return now;
  return before.type === now.type && before.name === now.name ? before : 'several';
}

/** By the GraphQL conventions of OpenTelemetry. */
const graphqlOperations: HttpAspect = {
  answered(span, request) {
    const { [asked]: operation } = request as AskedRequest;
    if (operation === undefined || operation === 'several') return;
    span.setAttribute(attribute.graphqlOperationType, operation.type);
    if (operation.name !== undefined) span.setAttribute(attribute.graphqlOperationName, operation.name);
  },
};
