import type { ContextCarrier } from '../../telemetry/carried-context.ts';

/** The member of the data of a job that carries the context of its sender, where the settings say so. */
const carrierMember = '_spanledger';

/** The data with the context in it; as it is where it is no plain object. */
export function dataWithCarrier(data: unknown, carrier: ContextCarrier): unknown {
  return isPlainObject(data) ? { ...data, [carrierMember]: carrier } : data;
}

/** Takes the context out of data that has just been read, so that the handler does not see it. */
export function takeCarrier(data: unknown): ContextCarrier | undefined {
  if (!isPlainObject(data) || !Object.hasOwn(data, carrierMember)) return undefined;
  const carrier = data[carrierMember];
  if (!isCarrier(carrier)) return undefined;
  delete data[carrierMember];
  return carrier;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isCarrier(value: unknown): value is ContextCarrier {
  return isPlainObject(value) && Object.values(value).every((one) => typeof one === 'string');
}
