// @ts-check
/** @typedef {import('./sample.js').Sample} Sample */

/**
 * What may not grow, and by how much it may vary over a run whatever its length: caches fill, and garbage is collected when it pleases.
 * @type {readonly { name: keyof Sample & string, unit: string, allowance: number, daemon: boolean }[]}
 */
export const watched = [
  { name: 'rss', unit: 'MiB', allowance: 24, daemon: true },
  { name: 'heap', unit: 'MiB', allowance: 4, daemon: true },
  { name: 'external', unit: 'MiB', allowance: 8, daemon: true },
  { name: 'handles', unit: '', allowance: 10, daemon: true },
  { name: 'fds', unit: '', allowance: 5, daemon: true },
  { name: 'threads', unit: '', allowance: 2, daemon: true },
  { name: 'supervisorRss', unit: 'MiB', allowance: 16, daemon: false },
  { name: 'supervisorFds', unit: '', allowance: 5, daemon: false },
  { name: 'journal', unit: 'MiB', allowance: 32, daemon: false },
  { name: 'connections', unit: '', allowance: 4, daemon: false },
];

const warmUpShare = 0.3;
/** Before that, caches fill and code is compiled. */
const shortestWarmUpSeconds = 120;
const longestWarmUpSeconds = 300;
const fewestPoints = 4;
/** Standard errors between the slope and what it is at least. */
const certainty = 2;

/**
 * The trend of each figure after the warm-up, a line through the least value of each minute: what garbage collection leaves. It is a
 * leak when what has been added for certain, over the time that was watched, is more than the figure may vary.
 * @param {readonly Sample[]} samples
 */
export function judgeGrowth(samples) {
  return watched.map(({ name, unit, allowance, daemon }) => {
    const life = afterWarmUp(daemon ? longestLife(samples) : samples);
    const points = minima(life, name);
    const base = { name, unit, points: points.length };
    if (points.length < fewestPoints) return { ...base, note: 'too short to judge' };
    const { slope, error } = fitLine(points);
    const hours = (points.at(-1).x - points[0].x) / 3600;
    const perHour = slope * 3600;
    const certain = Math.max(0, (slope - certainty * error) * 3600 * hours);
    const line = {
      ...base,
      perHour: round(perHour),
      uncertainty: round(certainty * error * 3600),
      grownForCertain: round(certain),
    };
    if (certain <= allowance) return line;
    return {
      ...line,
      finding: `${name} grows by ${round(perHour)} ${unit}/h: ${round(certain)} ${unit} in ${round(hours * 60)} min`,
    };
  });
}

/** The daemon has several lives where it is killed; one of them is looked at. @param {readonly Sample[]} samples */
function longestLife(samples) {
  /** @type {Map<number, Sample[]>} */
  const lives = new Map();
  for (const sample of samples) {
    if (sample.pid !== undefined) lives.set(sample.pid, [...(lives.get(sample.pid) ?? []), sample]);
  }
  return [...lives.values()].reduce((longest, life) => (life.length > longest.length ? life : longest), []);
}

/** @param {readonly Sample[]} life */
function afterWarmUp(life) {
  const [from, to] = [life[0]?.at ?? 0, life.at(-1)?.at ?? 0];
  const warmAt = from + Math.min(longestWarmUpSeconds, Math.max(shortestWarmUpSeconds, (to - from) * warmUpShare));
  return life.filter(({ at }) => at >= warmAt);
}

/** @param {readonly Sample[]} samples @param {keyof Sample} name */
function minima(samples, name) {
  const length = (samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0);
  const windowSeconds = length > 360 ? 60 : 30;
  /** @type {Map<number, { x: number, y: number }>} */
  const windows = new Map();
  for (const sample of samples) {
    const y = sample[name];
    if (y === undefined) continue;
    const window = Math.floor(sample.at / windowSeconds);
    const least = windows.get(window);
    if (least === undefined || y < least.y) windows.set(window, { x: sample.at, y });
  }
  return [...windows.values()];
}

/** Least squares, with the standard error of the slope. @param {readonly { x: number, y: number }[]} points */
function fitLine(points) {
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length;
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const residual = points.reduce((sum, { x, y }) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  return { slope, error: Math.sqrt(residual / (points.length - 2) / spread) };
}

/** @param {number} value */
function round(value) {
  return Number(value.toFixed(2));
}
