import { diag } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';

/** What `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` say. */
export interface SamplerChoice {
  readonly name: string;
  readonly argument: string | undefined;
}

/** The sampler that the standard variables ask for; a name or ratio that means nothing is told and replaced by the default. */
export function createSampler({ name, argument }: SamplerChoice): Sampler {
  switch (name.toLowerCase()) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratio(argument));
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio(argument)) });
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() });
    case 'parentbased_always_on':
      break;
    default:
      diag.warn(`OTEL_TRACES_SAMPLER names the unknown sampler ${name}; parentbased_always_on is used.`);
  }
  return new ParentBasedSampler({ root: new AlwaysOnSampler() });
}

function ratio(argument: string | undefined): number {
  const value = argument === undefined ? 1 : Number(argument);
  if (value >= 0 && value <= 1) return value;
  diag.warn(`OTEL_TRACES_SAMPLER_ARG is ${argument}, which is not a number from 0 to 1; 1 is used.`);
  return 1;
}
