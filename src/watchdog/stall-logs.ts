import { type Context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider } from '@opentelemetry/sdk-logs';
import { severityNumberOf } from '../domain/audit.ts';
import type { OpenPlace } from '../journal/process-state.ts';
import { createExportingLogRecordProcessors } from '../register/log-record-processors.ts';
import { isOtlpHttp } from '../register/otlp-protocol.ts';
import { createOtlpSender } from '../register/otlp-sender.ts';
import { attribute, scopeName } from '../telemetry/conventions.ts';
import { scopeVersion } from '../telemetry/instrumentation-scope.ts';
import type { LogTarget } from './log-target.ts';
import { namedFrame, stackText } from './source-frames.ts';
import type { StallNews } from './stall-facts.ts';
import { newsEvents, newsText } from './stall-records.ts';

/** Tells news as OpenTelemetry log events, from a thread that does not depend on the program. */
export interface StallLogs {
  tell(news: StallNews): void;
  /** Resolves when all is sent, or has failed. */
  flush(): Promise<void>;
}

export function createStallLogs({ plan, resource }: LogTarget): StallLogs {
  const { protocol } = plan;
  const sender = isOtlpHttp(protocol) ? createOtlpSender({ logs: protocol }) : undefined;
  const provider = new LoggerProvider({
    resource: resourceFromAttributes(resource),
    processors: createExportingLogRecordProcessors(plan, sender),
  });
  const logger = provider.getLogger(scopeName, scopeVersion);
  return {
    tell(news) {
      const level = news.type === 'pause' ? 'info' : 'warning';
      logger.emit({
        eventName: newsEvents[news.type],
        timestamp: news.at / 1000,
        severityNumber: severityNumberOf(level),
        severityText: level.toUpperCase(),
        body: newsText(news),
        attributes: newsAttributes(news),
        context: contextOf(news.type === 'pause' ? undefined : news.stall.place),
      });
      void provider.forceFlush().catch(() => {});
    },
    async flush() {
      await provider.forceFlush().catch(() => {});
      await sender?.settle();
    },
  };
}

function contextOf(place: OpenPlace | undefined): Context {
  if (place === undefined) return ROOT_CONTEXT;
  const { trace_id: traceId, span_id: spanId } = place;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.NONE });
}

function newsAttributes(news: StallNews): Record<string, string | number> {
  if (news.type === 'pause') return { [attribute.durationMillis]: news.durationMillis };
  const { stack, place, pendingCall } = news.stall;
  const frame = stack && namedFrame(stack);
  return {
    ...(frame !== undefined && {
      [attribute.codeFunction]: frame.function,
      [attribute.codeFile]: frame.file,
      [attribute.codeLine]: frame.line,
      [attribute.codeColumn]: frame.column,
    }),
    ...(stack !== undefined && { [attribute.codeStack]: stackText(stack) }),
    ...(place?.session_id !== undefined && { [attribute.sessionId]: place.session_id }),
    ...(place?.item_id !== undefined && { [attribute.itemId]: place.item_id }),
    ...(place?.task_name !== undefined && { [attribute.taskName]: place.task_name }),
    ...(place?.step_name !== undefined && { [attribute.stepName]: place.step_name }),
    ...(pendingCall !== undefined && { [attribute.pendingCall]: pendingCall.summary }),
    ...(news.type === 'end' && { [attribute.durationMillis]: news.durationMillis }),
  };
}
