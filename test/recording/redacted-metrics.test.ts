import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { expect, it } from 'vitest';
import { withRedaction } from '../../src/recording/redacted-metrics.ts';

class PulledReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

it('metrics that are collected have lost their secrets: in the resource, in attributes and in descriptions', async () => {
  const secret = 'Zq7vXw93kLmP';
  const reader = new PulledReader();
  withRedaction(reader);
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': 'x', 'process.command_args': ['node', '--token', secret] }),
    readers: [reader],
  });
  const counter = provider.getMeter('m').createCounter('calls', { description: `calls with password=${secret}` });
  counter.add(1, { route: `/?token=${secret}`, apiKey: secret, kept: 'as it is' });
  counter.add(2, { kept: 'alone' });
  const { resourceMetrics } = await reader.collect();
  expect(JSON.stringify([resourceMetrics.resource.attributes, resourceMetrics.scopeMetrics])).not.toContain(secret);
  expect(resourceMetrics.resource.attributes['service.name']).toBe('x');
  const points = resourceMetrics.scopeMetrics[0]?.metrics[0]?.dataPoints.map(({ attributes, value }) => [
    attributes,
    value,
  ]);
  expect(points).toEqual([
    [{ route: '/?token=[redacted]', apiKey: '[redacted]', kept: 'as it is' }, 1],
    [{ kept: 'alone' }, 2],
  ]);
  await provider.shutdown();
});
