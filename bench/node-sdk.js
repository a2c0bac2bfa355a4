// The peer of startup.js: the OpenTelemetry SDK alone, with nothing to send.

import { NodeSDK } from '@opentelemetry/sdk-node';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';

const spanProcessors = [new SimpleSpanProcessor({ exporter: new InMemorySpanExporter() })];
new NodeSDK({ spanProcessors, logRecordProcessors: [], metricReaders: [] }).start();
