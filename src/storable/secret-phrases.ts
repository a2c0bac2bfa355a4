import { found } from './character-scan.ts';
import type { KeyClass } from './secret-keys.ts';
import { type Redaction, redacted, type TellRule } from './secret-values.ts';

/** How phrases are judged. */
export interface PhraseRules {
  readonly classify: (key: string) => KeyClass;
  readonly tell?: TellRule | undefined;
}

/**
 * A place where words in front of a value tell that it is secret. The pattern ends before the value; its group, where it has one, is a key.
 * It starts at a literal and repeats at most a fixed number of times, so that the search is linear.
 */
interface Phrase {
  /** Bits of the scan without which the phrase cannot be there. */
  readonly needs: number;
  /** Text without which it cannot be there either. */
  readonly hint?: string;
  readonly pattern: RegExp;
  /** Finds the end of the value, or `start` where there is none after all. */
  readonly end: (text: string, start: number) => number;
}

const quotes = found.apostrophe | found.jsonEscape;

/** The end of a line, also as JSON writes it inside a string, or inside a string inside a string. */
const newline = '(?:\\r|\\\\{1,8}r)?(?:\\n|\\\\{1,8}n)';

const phrases: readonly Phrase[] = [
  // --token x, -storepass "x", and in lists "--token", "x"
  {
    needs: found.option,
    pattern: /(?<![\w-])--?([A-Za-z][\w.-]{1,63})(?:[ \t]{1,4}|\\{0,8}["'],\s{0,8})(?!-)/g,
    end: wordEnd,
  },
  {
    needs: found.option,
    pattern: /(?<!\S)(?:-u|--user|-U|--proxy-user)[ \t=]{1,4}["']?[^\s:"']{1,64}:(?!\/\/)/g,
    end: wordEnd,
  },
  {
    needs: found.option,
    pattern: /\b(?:mysql\w{0,16}|mariadb[\w-]{0,16}|sshpass)\b[^\n]{0,256}?\s-p[ \t]{0,4}(?![\s-])/g,
    end: wordEnd,
  },
  {
    needs: found.option,
    hint: 'form-data',
    pattern: new RegExp(
      `\\bform-data;[^\\n\\\\]{0,128}\\bname=\\\\{0,8}"([^"\\\\\\n]{2,64})\\\\{0,8}"(?:${newline}[^\\r\\n\\\\]{0,256}){0,4}?${newline}${newline}`,
      'g',
    ),
    end: partEnd,
  },
  {
    needs: found.tag,
    pattern: /<(?:[A-Za-z][\w-]{0,32}:)?([A-Za-z][\w.-]{1,63})(?:\s[^<>]{0,512})?>(?!\s{0,64}<)/g,
    end: tagEnd,
  },
  // {"name":"x-api-key","value":"x"}
  {
    needs: quotes,
    hint: 'value',
    pattern:
      /\b(?:name|key|header|field)\\{0,8}["']?\s{0,4}:\s{0,4}\\{0,8}["']([A-Za-z][\w.-]{1,63})\\{0,8}["']\s{0,4},\s{0,8}\\{0,8}["']?value\\{0,8}["']?\s{0,4}:\s{0,4}/g,
    end: wordEnd,
  },
  // "X-Api-Key", "x"
  {
    needs: quotes,
    pattern: /["']([A-Za-z]\w{0,31}-[\w-]{1,63}|[Aa]uthorization|[Cc]ookie)\\{0,8}["']\s{0,4},\s{0,8}(?=\\{0,8}["'])/g,
    end: wordEnd,
  },
  { needs: found.apostrophe, pattern: /\bidentified\s{1,4}by\s{1,8}(?=')/gi, end: wordEnd },
  { needs: found.password, pattern: /\bpassw(?:or)?d\s{1,8}(?=\\{0,8}["'`])/gi, end: wordEnd },
  { needs: found.password, pattern: /\bpassw(?:or)?d\s{1,4}(?:is|was)\s{1,4}(?:now\s{1,4})?/gi, end: unlikelyWordEnd },
  { needs: found.password, pattern: /\blogin\s{1,4}\S{1,64}\s{1,4}password\s{1,4}/gi, end: wordEnd },
];

/**
 * Redacts values that stand behind words, not behind `=` or `:`: options of commands, tags, members of header lists, parts of forms, SQL, and the
 * sentence "the password is …". `bits` is the scan of the text.
 */
export function redactSecretPhrases(text: string, bits: number, rules: PhraseRules): Redaction {
  let result = bits & found.apostrophe ? redactInserted(text, rules) : text;
  let count = result === text ? 0 : 1;
  for (const phrase of phrases) {
    if ((bits & phrase.needs) === 0 || (phrase.hint !== undefined && !result.includes(phrase.hint))) continue;
    const redaction = redactPhrase(result, phrase, rules);
    result = redaction.text;
    count += redaction.count;
  }
  return { text: result, count };
}

function redactPhrase(text: string, { pattern, end }: Phrase, rules: PhraseRules): Redaction {
  let result = '';
  let position = 0;
  let count = 0;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const key = match[1];
    if (key !== undefined && rules.classify(key) !== 'secret') {
      // What follows a key that is clean may be a key itself.
      pattern.lastIndex = match.index + Math.max(1, match[0].indexOf(key) + key.length);
      continue;
    }
    const start = pattern.lastIndex;
    const stop = end(text, start);
    pattern.lastIndex = Math.max(stop, start);
    if (stop <= start || text.startsWith(redacted, start) || text.startsWith(redacted, start + 1)) continue;
    const opener = openingQuote.exec(text.slice(start, start + longestOpener))?.[0] ?? '';
    result += text.slice(position, start) + opener + redacted;
    position = stop;
    count += 1;
    rules.tell?.(key === undefined ? 'words before a secret' : `key ${key}`);
  }
  return { text: count === 0 ? text : result + text.slice(position), count };
}

const longestOpener = 9;
const openingQuote = /^\\{0,8}["'`]/;
const wordBreak = /[\s&;,"'`<>)\\]/g;

/** End of a word, or of what stands in quotes; SQL doubles a quote that belongs to the text, JSON escapes it. */
function wordEnd(text: string, start: number): number {
  const opener = openingQuote.exec(text.slice(start, start + longestOpener))?.[0];
  if (opener === undefined) return nextBreak(wordBreak, text, start);
  if (opener.length > 1) return indexOrEnd(text, opener, start + opener.length);
  for (let index = start + 1; index < text.length; index += 1) {
    if (text[index] === '\\' || (text[index] === opener && text[index + 1] === opener)) index += 1;
    else if (text[index] === opener) return index;
  }
  return text.length;
}

/** As `wordEnd`, unless it is an ordinary word, as in "the password is required". */
function unlikelyWordEnd(text: string, start: number): number {
  const end = wordEnd(text, start);
  return /^[a-z]*[.!?]?$/.test(text.slice(start, end)) ? start : end;
}

function tagEnd(text: string, start: number): number {
  const end = text.indexOf('</', start);
  return end === -1 ? start : end;
}

const partBreak = new RegExp(`${newline}--`, 'g');

function partEnd(text: string, start: number): number {
  return nextBreak(partBreak, text, start);
}

function nextBreak(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  const match = pattern.exec(text);
  return match === null ? text.length : match.index;
}

function indexOrEnd(text: string, wanted: string, from: number): number {
  const index = text.indexOf(wanted, from);
  return index === -1 ? text.length : index;
}

const insert =
  /\binsert\s{1,8}into\s{1,8}[\w."`[\]]{1,128}\s{0,8}\(([^()]{1,4096})\)[\w\s]{0,64}?\bvalues\s{0,8}(?=\()/gi;

/** Redacts the values of an insert that names a column with a secret, all of them: which is whose is not worth a parser. */
function redactInserted(text: string, rules: PhraseRules): string {
  let result = '';
  let position = 0;
  insert.lastIndex = 0;
  for (let match = insert.exec(text); match !== null; match = insert.exec(text)) {
    const columns = (match[1] ?? '').split(',');
    if (!columns.some((column) => rules.classify(column) === 'secret')) continue;
    const start = insert.lastIndex;
    const end = tuplesEnd(text, start);
    if (!/['"\d]/.test(text.slice(start, end).replace(/\$\d+/g, ''))) continue;
    result += `${text.slice(position, start)}(${redacted})`;
    position = end;
    insert.lastIndex = end;
    rules.tell?.('insert into a secret column');
  }
  return position === 0 ? text : result + text.slice(position);
}

/** Position behind the last of `(…), (…)`. */
function tuplesEnd(text: string, start: number): number {
  let depth = 0;
  let end = start;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (character === "'") index = wordEnd(text, index);
    else if (character === '\\') index += 1;
    else if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    else if (depth === 0 && !/[\s,]/.test(character)) return end;
    if (depth === 0 && character === ')') end = index + 1;
  }
  return depth === 0 ? end : text.length;
}
