import type {
  CollectionResult,
  DataPoint,
  IMetricReader,
  MetricData,
  ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { type Sanitizer, sanitizer } from '../storable/sanitizer.ts';
import { redactedAttributes } from './redacted-attributes.ts';
import { redactedResource } from './redacted-resource.ts';

/**
 * Makes a reader hand out metrics that are redacted: resource, descriptions and the attributes of data points. It is done where metrics are
 * collected, so that it holds for those that are pushed and for those that are scraped.
 */
export function withRedaction(reader: IMetricReader, by: () => Sanitizer = sanitizer): IMetricReader {
  const collect = reader.collect.bind(reader);
  reader.collect = async (options): Promise<CollectionResult> => {
    const result = await collect(options);
    return { ...result, resourceMetrics: redactedMetrics(result.resourceMetrics, by()) };
  };
  return reader;
}

/** The metrics redacted. */
function redactedMetrics({ resource, scopeMetrics }: ResourceMetrics, by: Sanitizer): ResourceMetrics {
  return {
    resource: redactedResource(resource, by),
    scopeMetrics: scopeMetrics.map(({ scope, metrics }) => ({
      scope,
      metrics: metrics.map((metric) => redactedMetric(metric, by)),
    })),
  };
}

function redactedMetric(metric: MetricData, by: Sanitizer): MetricData {
  const dataPoints = metric.dataPoints.map((point: DataPoint<unknown>) => {
    const attributes = redactedAttributes(point.attributes, by);
    return attributes === point.attributes ? point : { ...point, attributes };
  });
  const descriptor = { ...metric.descriptor, description: by.text(metric.descriptor.description) };
  // The kind of the points is the kind they had.
  return { ...metric, descriptor, dataPoints } as MetricData;
}
