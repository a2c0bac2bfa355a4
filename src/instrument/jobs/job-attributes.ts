import type { Attributes } from '@opentelemetry/api';
import { attribute } from '../../telemetry/conventions.ts';
import { correlationId } from '../../telemetry/correlation.ts';
import type { Job, JobDataKept } from './job.ts';
import { keptData } from './job-data.ts';

/** Attributes of the span of a job that is worked on, as the semantic conventions of messaging have them. */
export function jobAttributes(job: Job): Attributes {
  const { system, queue, name, id } = job;
  return {
    [attribute.messagingSystem]: system,
    [attribute.messagingOperation]: 'process',
    [attribute.messagingOperationName]: 'process',
    [attribute.messagingDestination]: queue,
    [attribute.messagingMessageId]: id,
    ...conversationOf(),
    ...(name !== undefined && { [attribute.jobName]: name }),
  };
}

function conversationOf(): Attributes {
  const id = correlationId();
  return id === undefined ? {} : { [attribute.messagingConversation]: id };
}

/** What goes into `input_data` of the row of a job. */
export function jobInput(job: Job, kept: JobDataKept): Readonly<Record<string, unknown>> {
  const data = keptData(job.data, kept);
  const { system, queue, id, attempts, schedule } = job;
  return {
    system,
    queue,
    id,
    ...(attempts !== undefined && { attempts }),
    ...(schedule !== undefined && { schedule }),
    ...(data !== undefined && { data }),
  };
}
