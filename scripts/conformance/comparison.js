// What two runs of a suite have in common, and what not.

/** @typedef {import('./runners.js').Results} Results */

/**
 * Tests that end better in one way than in the other. What differs is run again, in both ways: a test that ends now so and now so is
 * unsteady by itself.
 * @param {Results} plain @param {Results} recorded
 * @param {(only: readonly string[]) => Promise<readonly [Results, Results]>} again
 */
export async function compare(plain, recorded, again) {
  let worse = betterIn(plain, recorded);
  let better = betterIn(recorded, plain);
  for (let round = 0; round < 2 && worse.length > 0; round += 1) {
    const [plainAgain, recordedAgain] = await again([...worse, ...better]);
    const stillWorse = new Set(betterIn(plainAgain, recordedAgain));
    worse = worse.filter((name) => stillWorse.has(name));
    const stillBetter = new Set(betterIn(recordedAgain, plainAgain));
    better = better.filter((name) => stillBetter.has(name));
  }
  return { worse, better };
}

/** Tests that pass in one and not in the other, or fail in the other alone. @param {Results} one @param {Results} other */
function betterIn(one, other) {
  const names = new Set([...one.keys(), ...other.keys()]);
  return [...names].filter((name) => {
    const [here, there] = [one.get(name), other.get(name)];
    return (here === 'passed' && there !== 'passed') || (there === 'failed' && here !== 'failed');
  });
}

/** @param {Results} results */
export function countOf(results) {
  const count = (/** @type {string} */ status) => [...results.values()].filter((one) => one === status).length;
  const failed = count('failed');
  const skipped = count('skipped');
  return `${count('passed')} passed${failed > 0 ? `, ${failed} failed` : ''}${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
