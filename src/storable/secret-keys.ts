/**
 * Which keys name secrets. A key is compared in lower case without separators, so `API-Key`, `api_key` and `apiKey` are one.
 */

/** `clean`: nothing to hide. `secret`: hide any value. `countable`: hide it unless it is a number, as in `total_tokens: 12`. */
export type KeyClass = 'clean' | 'secret' | 'countable';

const anywhere = [
  'authorization',
  'password',
  'passwd',
  'passphrase',
  'passcode',
  'secret(?!ar(?:y|ies|iat))',
  'token',
  'apikey',
  'accesskey',
  'privatekey',
  'signingkey',
  'encryptionkey',
  'masterkey',
  'accountkey',
  'sharedkey',
  'subscriptionkey',
  'sshkey',
  'appkey',
  'authkey',
  'sessionkey',
  'functionskey',
  'cryptkey',
  'hmackey',
  'clientkeydata',
  'credential',
  'cookie',
  'bearer',
  'jwt',
  'csrf',
  'xsrf',
  'connectionstring',
  'connectionurl',
  'connectionuri',
  'connstr',
  'databaseurl',
  'dburl',
  'redisurl',
  'mongour[il]',
  'amqpurl',
  'webhookur[il]',
  'cardnumber',
  'creditcard',
  'signature(?:v?\\d{1,3})?$',
];
const whole = ['auth', 'xauth', 'pass', 'pwd', 'dsn', 'otp', 'totp', 'pin', 'cvv2?', 'cvc2?', 'ccnumber', 'ssn', 'sig'];
const ending = ['pwd', 'dsn', 'pass(?<!bypass|compass)'];

const secretKey = new RegExp(`${anywhere.join('|')}|^(?:${whole.join('|')})$|(?:${ending.join('|')})$`);
const countableKey =
  /tokens$|^tokens?(?:count|used|usage|limit|total|length|index)|(?:tokencount|tokenusage|tokenlimit|tokenindex)$|^pass$/;
const separators = /[^a-z0-9]+/g;

/** The longest key that is examined whole; longer ones are judged by their ends. */
const longestKey = 256;

/** Classifies a key of an object, a header, a query parameter or a form field. */
export function classifyKey(key: string, more?: RegExp): KeyClass {
  const examined = key.length > longestKey ? key.slice(0, longestKey / 2) + key.slice(-longestKey / 2) : key;
  const plain = examined.toLowerCase().replace(separators, '');
  if (more?.test(plain)) return 'secret';
  if (!secretKey.test(plain)) return 'clean';
  return countableKey.test(plain) ? 'countable' : 'secret';
}

/** Whether the value under a key of this class is to be hidden: not what is missing or empty, yes or no, or a count. */
export function hides(keyClass: KeyClass, value: unknown): boolean {
  if (keyClass === 'clean' || value === undefined || value === null || value === '') return false;
  return typeof value !== 'boolean' && !(keyClass === 'countable' && typeof value === 'number');
}

/** A pattern for keys beyond the built-in ones: each matches anywhere in a key, whatever its case and separators. */
export function keyPattern(keys: readonly string[]): RegExp | undefined {
  const plain = keys.map((key) => key.toLowerCase().replace(separators, '')).filter((key) => key !== '');
  return plain.length === 0 ? undefined : new RegExp(plain.join('|'));
}

/** Whether a piece of text can name a secret at all; spares most pieces the classification. */
export const secretKeyHint =
  /auth|pass|pwd|secret|token|key|cred|cook|bear|jwt|[cx]srf|conn|ur[il]|dsn|otp|pin|cv[vc]|card|cc|ssn|sig/i;
