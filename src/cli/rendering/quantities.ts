/** `2026-01-31T08:00:00.000Z`, or `-` where there is no time. */
export function isoTime(moment: Date | null | undefined): string {
  return moment === null || moment === undefined ? '-' : moment.toISOString();
}

/** A duration for people: `12 ms`, `3.7 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(millis: number): string {
  if (millis < 999.5) return `${Math.round(millis)} ms`;
  if (millis < 59_950) return `${(millis / 1000).toFixed(1)} s`;
  const seconds = Math.round(millis / 1000);
  if (seconds < 3600) return two(seconds, 60, 'min', 1, 's');
  if (seconds < 86_400) return two(seconds, 3600, 'h', 60, 'min');
  return two(seconds, 86_400, 'd', 3600, 'h');
}

function two(seconds: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((seconds % large) / small);
  return `${Math.floor(seconds / large)} ${largeUnit}${rest === 0 ? '' : ` ${rest} ${smallUnit}`}`;
}

const sizeUnits = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];

/** A size in bytes for people, in powers of 1024: `512 B`, `1.5 KB`, `300.0 MB`. */
export function byteSize(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), sizeUnits.length - 1);
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${sizeUnits[power]}`;
}

/** A share from 0 to 1 as `95.2 %`; `-` where there is none. */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? '-' : `${(share * 100).toFixed(1)} %`;
}

/** A number with its noun: `1 error`, `2 errors`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

const secondsPerHour = 3600;
const secondsPerMinute = 60;

/** How often something happens: `12.5/s`, `3.0/min`, `0.5/h`. */
export function rate(perSecond: number): string {
  if (perSecond >= 1 || perSecond === 0) return `${perSecond.toFixed(1)}/s`;
  const perMinute = perSecond * secondsPerMinute;
  return perMinute >= 1 ? `${perMinute.toFixed(1)}/min` : `${(perSecond * secondsPerHour).toFixed(1)}/h`;
}
