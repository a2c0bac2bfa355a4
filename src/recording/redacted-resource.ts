import type { Resource } from '@opentelemetry/resources';
import type { Sanitizer } from '../storable/sanitizer.ts';
import { redactedAttributes } from './redacted-attributes.ts';

/** Exporters group by the identity of a resource, so each has one redacted form. */
const known = new WeakMap<Resource, { readonly by: Sanitizer; readonly resource: Resource }>();

/**
 * The resource redacted, such as the command line of the process; the same resource where there was nothing to redact. A
 * resource whose attributes are still being found is not remembered.
 */
export function redactedResource(resource: Resource, by: Sanitizer): Resource {
  const remembered = known.get(resource);
  if (remembered?.by === by) return remembered.resource;
  const attributes = redactedAttributes(resource.attributes, by);
  const redacted = attributes === resource.attributes ? resource : withAttributes(resource, attributes);
  if (resource.asyncAttributesPending !== true) known.set(resource, { by, resource: redacted });
  return redacted;
}

function withAttributes(resource: Resource, attributes: Resource['attributes']): Resource {
  const { schemaUrl } = resource;
  return {
    attributes,
    ...(schemaUrl !== undefined && { schemaUrl }),
    merge: (other) => resource.merge(other),
    getRawAttributes: () => Object.entries(attributes),
  };
}
