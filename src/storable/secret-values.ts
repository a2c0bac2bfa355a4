import { found } from './character-scan.ts';

/** Stands where a secret stood. */
export const redacted = '[redacted]';

/** Result of one pass: the text and how many secrets it lost. */
export interface Redaction {
  readonly text: string;
  readonly count: number;
}

/** Hears by which rule something was redacted, and how often. */
export type TellRule = (rule: string, count?: number) => void;

/** A half-open range of a text that holds a secret. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/*
 * Every pass is linear in the length of the text: either each character is visited once by hand, or a pattern starts only
 * at a literal and repeats at most a fixed number of times. Upper bounds also keep the pattern engine off its stack limit.
 */
const privateKey =
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g;
const vendorKey = new RegExp(
  [
    '(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])',
    '|gh[pousr]_[A-Za-z0-9]{20,512}|github_pat_\\w{20,512}|glpat-[\\w-]{16,512}',
    '|xox[abceoprs]-[A-Za-z0-9-]{13,512}|xapp-\\d-[A-Za-z0-9-]{13,512}',
    '|(?:sk|rk|pk)_(?:live|test)_\\w{10,512}|whsec_[\\w+/=-]{16,512}|(?<![A-Za-z0-9])sk-[\\w-]{20,512}',
    '|AIza[\\w-]{30,512}|GOCSPX-[\\w-]{20,512}|ya29\\.[\\w-]{20,2048}|SG\\.[\\w-]{16,128}\\.[\\w-]{16,256}',
    '|npm_[A-Za-z0-9]{30,512}|hf_[A-Za-z0-9]{30,512}|dop_v1_[a-f0-9]{40,512}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{20,512}',
    '|pypi-[\\w-]{40,512}|dckr_(?:pat|oat)_[\\w-]{20,512}|HRKU-[\\w-]{20,512}|lin_api_\\w{20,512}|ntn_\\w{30,512}',
    '|PMAK-[a-f0-9-]{40,512}|NRAK-[A-Z0-9]{20,512}|hv[sbr]\\.[\\w-]{20,512}|gl(?:sa|c)_[\\w+/=]{20,512}',
    '|sq0[a-z]{3}-[\\w-]{20,512}|ATATT3[\\w=-]{20,512}|AGE-SECRET-KEY-1[A-Z0-9]{20,512}|sbp_[a-f0-9]{30,512}',
    '|dp\\.(?:pt|st|ct|sa|scim|audit)\\.[A-Za-z0-9]{20,512}|figd_[\\w-]{20,512}|\\.atlasv1\\.[\\w=-]{30,512}',
    '|[78]Q~[\\w.~-]{31,34}|(?<![A-Za-z0-9])(?:SK[a-f0-9]{32}|key-[a-f0-9]{32}|dapi[a-f0-9]{32})(?![A-Za-z0-9])',
  ].join(''),
  'g',
);
/** Addresses that are secrets themselves: whoever knows one may post there. */
const webHook =
  /(hooks\.slack\.com\/(?:services|workflows|triggers)\/|discord(?:app)?\.com\/api\/(?:v\d{1,2}\/)?webhooks\/\d{1,20}\/|api\.telegram\.org\/(?:file\/)?bot)([\w:-]{8,128}(?:\/[\w-]{8,128}){0,3})/g;
const oracleLogin = /(jdbc:oracle:\w{1,10}:[^\s/@"']{1,64}\/)([^\s@]{1,128})(?=@)/g;
const schemeWord = /\b(bearer|basic)((?:\s|%20|\+|:|=){1,4}["']?)(?!tokens?\b|auth)([A-Za-z0-9._~+/=-]{6,65536})/gi;
const card =
  /(?<![\dA-Za-z.])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?|3\d{3}([ -])\d{6}\2\d{5})(?![\dA-Za-z])/g;

/** Removes secrets that are known by their look: keys, tokens, URLs with credentials, card numbers. */
export function redactSecretValues(text: string, bits: number, tell?: TellRule): Redaction {
  let result = text;
  let count = 0;
  const pass = (rule: string, redaction: Redaction): void => {
    if (redaction.count === 0) return;
    result = redaction.text;
    count += redaction.count;
    tell?.(rule, redaction.count);
  };
  if (bits & found.dashes)
    pass(
      'private key',
      replaceMatches(result, privateKey, () => redacted),
    );
  if (bits & found.webToken) pass('JSON web token', cutRanges(result, webTokens(result)));
  if (bits & found.at && result.includes('://')) pass('credentials in a URL', cutRanges(result, userInfos(result)));
  if (bits & found.at && result.includes('jdbc:oracle'))
    pass('credentials in a URL', replaceMatches(result, oracleLogin, withoutRest));
  if (bits & found.longRun) {
    if (result.includes('://')) pass('address of a web hook', replaceMatches(result, webHook, withoutRest));
    pass(
      'key known by its look',
      replaceMatches(result, vendorKey, () => redacted),
    );
  }
  if (bits & found.scheme) pass('credentials of a scheme', replaceMatches(result, schemeWord, withoutCredentials));
  if (bits & found.digits) pass('card number', replaceMatches(result, card, withoutCard));
  return { text: result, count };
}

/** Tells whether a whole number is a card number. */
export function isCardNumber(digits: string): boolean {
  return cardIssuer.test(digits) && passesLuhn(digits);
}

/** Lengths and first digits of the large issuers, so that timestamps and ids are not taken for cards. */
const cardIssuer =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[0689]\d{12}|35\d{14}|6\d{15}|6(?:2|3|7)\d{10,17}|5[0678]\d{11,17})$/;

function replaceMatches(
  text: string,
  pattern: RegExp,
  replacement: (match: string, ...groups: string[]) => string,
): Redaction {
  pattern.lastIndex = 0;
  if (!pattern.test(text)) return { text, count: 0 };
  let count = 0;
  const result = text.replace(pattern, (match: string, ...groups: string[]) => {
    const replaced = replacement(match, ...groups);
    if (replaced !== match) count += 1;
    return replaced;
  });
  return { text: result, count };
}

function withoutRest(_match: string, kept: string): string {
  return kept + redacted;
}

function withoutCredentials(match: string, scheme: string, gap: string, credentials: string): string {
  if (scheme.toLowerCase() === 'basic' && !isBasicCredentials(credentials)) return match;
  return `${scheme}${gap}${redacted}`;
}

/** `user:password` in base64; the words after "basic" in a sentence are not. */
function isBasicCredentials(text: string): boolean {
  const decoded = Buffer.from(text.slice(0, 1024), 'base64').toString('latin1');
  return /^[\x20-\x7e\xa0-\xff]*:/.test(decoded);
}

function withoutCard(match: string): string {
  return isCardNumber(match.replaceAll(/[ -]/g, '')) ? redacted : match;
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48;
    const weighted = index % 2 === 0 ? digit : digit * 2;
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return sum % 10 === 0;
}

function cutRanges(text: string, ranges: readonly Range[]): Redaction {
  if (ranges.length === 0) return { text, count: 0 };
  let result = '';
  let position = 0;
  for (const { start, end } of ranges) {
    result += text.slice(position, start) + redacted;
    position = end;
  }
  return { text: result + text.slice(position), count: ranges.length };
}

const tokenCharacter = /[^A-Za-z0-9_-]/g;

/** First position from `from` on that does not belong to a base64url run. */
function runEnd(text: string, from: number): number {
  tokenCharacter.lastIndex = from;
  return tokenCharacter.test(text) ? tokenCharacter.lastIndex - 1 : text.length;
}

/** JSON web tokens: two or more base64url parts, joined by dots, the first of which starts with `{"`. */
function webTokens(text: string): Range[] {
  const ranges: Range[] = [];
  let start = text.indexOf('eyJ');
  while (start !== -1) {
    let end = runEnd(text, start);
    let parts = 1;
    while (text[end] === '.' && parts < 5) {
      end = runEnd(text, end + 1);
      parts += 1;
    }
    if (parts > 1 && end - start >= 16) ranges.push({ start, end });
    start = text.indexOf('eyJ', end);
  }
  return ranges;
}

const authorityEnd = /[\s/?#"'<>\\`]/g;
const databaseScheme =
  /(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|mssql|sqlserver|clickhouse)$/i;
const longestPassword = 256;

/** `user:password` of URLs. */
function userInfos(text: string): Range[] {
  const ranges: Range[] = [];
  let mark = text.indexOf('://');
  while (mark !== -1) {
    const start = mark + 3;
    authorityEnd.lastIndex = start;
    const end = authorityEnd.test(text) ? authorityEnd.lastIndex - 1 : text.length;
    const at = text.slice(start, end).lastIndexOf('@');
    const secretEnd = at === -1 ? rawPasswordEnd(text, mark, start, end) : start + at;
    if (secretEnd > start && isSecretUser(text, mark, secretEnd)) ranges.push({ start, end: secretEnd });
    mark = text.indexOf('://', Math.max(end, secretEnd));
  }
  return ranges;
}

const namedUserScheme = /(?:postgres(?:ql)?|mysql|mariadb|mssql|sqlserver|ssh|sftp)$/i;

/** A user without a password is a token, as in `https://<token>@host`, except where everybody has a name. */
function isSecretUser(text: string, mark: number, end: number): boolean {
  const userInfo = text.slice(mark + 3, end);
  if (userInfo === redacted || userInfo.endsWith(`:${redacted}`)) return false;
  return userInfo.includes(':') || !namedUserScheme.test(text.slice(Math.max(0, mark - 16), mark));
}

/** End of the credentials of a database URL whose password holds an unencoded `/`, `?` or `#`; -1 where there are none. */
function rawPasswordEnd(text: string, mark: number, start: number, end: number): number {
  if (!text.slice(start, end).includes(':')) return -1;
  if (!databaseScheme.test(text.slice(Math.max(0, mark - 16), mark))) return -1;
  const rest = text.slice(end, end + longestPassword);
  const space = rest.search(/[\s"'<>]/);
  const at = (space === -1 ? rest : rest.slice(0, space)).indexOf('@');
  return at === -1 ? -1 : end + at;
}
