import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSanitizer } from '../../src/storable/sanitizer.ts';
import { classifyKey } from '../../src/storable/secret-keys.ts';

const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U';
const pem = `-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\nq2w3e4r5\n-----END RSA PRIVATE KEY-----`;

/** Text with a secret in it, and the part that must not be left. */
const texts: readonly (readonly [text: string, secret: string])[] = [
  ['Authorization: Bearer abc.def-123456', 'abc.def'],
  ['authorization: Digest username="u", response="6629fae49393a05397450978507c4ef1"', '6629fae4'],
  ['got "Bearer AbCdEf123456" back', 'AbCdEf123456'],
  ['Basic dXNlcjpwYXNzd29yZA==', 'dXNlcjpwYXNzd29yZA'],
  [`the token was ${jwt}.`, 'dozjgNryP4J3'],
  [`prefix-${jwt}`, 'eyJzdWIi'],
  ['connect to postgres://app:hunter2@db:5432/x failed', 'hunter2'],
  ['postgres://app:hun/ter2@db/x', 'ter2'],
  ['https://ghp_abcdefghijklmnopqrstuvwx0123456789@github.com/a/b', 'ghp_abc'],
  ['redis://:s3cr3tpw@cache:6379', 's3cr3tpw'],
  ['Server=db;User Id=sa;Password=hunter2;Encrypt=true', 'hunter2'],
  ["host=db user=app password='hunter 2' dbname=x", 'hunter 2'],
  ['DefaultEndpointsProtocol=https;AccountName=a;AccountKey=Zm9vYmFyYmF6cXV4;', 'Zm9vYmFyYmF6cXV4'],
  ['GET /a?page=2&access_token=abc123def&x=1', 'abc123def'],
  ['GET /a?sig=abc123def', 'abc123def'],
  ['redirect=https%3A%2F%2Fx%3Ftoken%3Dabc123def%26y', 'abc123def'],
  ['grant_type=password&client_secret=abc123def', 'abc123def'],
  ['{"user":"u","password":"hun\\"ter2","n":1}', 'ter2'],
  ['{\\"apiKey\\":\\"zzz999\\",\\"n\\":1}', 'zzz999'],
  ["{ password: 'hunter2', name: 'x' }", 'hunter2'],
  ['{"credentials":{"user":"u","pw":"hunter2"},"n":1}', 'hunter2'],
  ['x-api-key: abc123def', 'abc123def'],
  ['API key: abc123def', 'abc123def'],
  ['Cookie: sid=abc123def; theme=dark', 'abc123def'],
  ['set-cookie: sid=abc123def; HttpOnly', 'abc123def'],
  ['AWS key AKIAIOSFODNN7EXAMPLE used', 'AKIAIOSFODNN7EXAMPLE'],
  ['aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', 'wJalrXUtnFEMI'],
  ['ghp_abcdefghijklmnopqrstuvwxyz0123456789', 'ghp_abc'],
  ['github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz', 'github_pat_11A'],
  ['xoxb-123456789012-abcdefghijkl', 'xoxb-123'],
  ['sk_live_abcdefghijklmnop1234', 'sk_live_abc'],
  ['AIzaSyA1234567890abcdefghijklmnopqrstuvw', 'AIzaSyA123'],
  ['npm_abcdefghijklmnopqrstuvwxyz0123456789', 'npm_abc'],
  [`key:\n${pem}\nend`, 'q2w3e4r5'],
  ['-----BEGIN PRIVATE KEY-----\nMIIEpAIB cut here', 'MIIEpAIB'],
  ['paid with 4111 1111 1111 1111 today', '4111 1111'],
  ['paid with 378282246310005', '378282246310005'],
  ['passphrase => correct-horse', 'correct-horse'],
];

describe('a text', () => {
  const sanitizer = createSanitizer();

  it.each(texts)('loses the secret in %s', (text, secret) => {
    const stored = sanitizer.text(text);
    expect(stored).not.toContain(secret);
    expect(stored).toContain('[redacted]');
  });

  it('keeps what stands around a secret', () => {
    expect(sanitizer.text('GET /a?page=2&access_token=abc123def&x=1')).toBe(
      'GET /a?page=2&access_token=[redacted]&x=1',
    );
    expect(sanitizer.text('{"password":"hunter2","n":1}')).toBe('{"password":"[redacted]","n":1}');
    expect(sanitizer.text('(password=hunter2) next')).toBe('(password=[redacted]) next');
    expect(sanitizer.text('Cookie: a=b\nnext: 1')).toBe('Cookie: [redacted]\nnext: 1');
  });

  it.each([
    'basic information about the bearer of bad news',
    'total_tokens=12 and max_tokens: 4096',
    'created at 1732240000000 and 1732240000000000',
    'sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'ratio 0.4111111111111111',
    'https://example.com:8080/a/b?page=2#top',
    'mail me at someone@example.com',
    'primary key: 12, foreign key: 13',
    'compass: north, bypass: yes',
    'hasPassword: true, password: null',
    'trace 4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7',
  ])('keeps %s as it is', (text) => {
    expect(sanitizer.text(text)).toBe(text);
  });

  it.each([
    'update users set password = ? where id = ?',
    'update users set password=$1, token = $2::text where id = $3',
    'update users set password = :password, api_key = :new_key where id = :id',
    'update users set password = %s where (secret = ?)',
    'select 1 from users where lower(password) = $12 limit 1',
  ])('keeps the placeholders of a statement: %s', (statement) => {
    expect(sanitizer.text(statement)).toBe(statement);
  });

  it.each([
    ['password = :s3cret7', 'password = [redacted]'],
    ['password=?hunter2', 'password=[redacted]'],
    ['password=$1$salt$hash', 'password=[redacted]'],
    ['token: %secret', 'token: [redacted]'],
  ])('takes for no placeholder what only begins like one: %s', (text, redactedText) => {
    expect(sanitizer.text(text)).toBe(redactedText);
  });

  it('is not redacted where redaction is switched off, and still storable', () => {
    const own = createSanitizer({ redact: false });
    expect(own.text('password=hunter2\0')).toBe('password=hunter2\uFFFD');
    expect(own.json({ password: 'hunter2' })).toBe('{"password":"hunter2"}');
  });

  it('takes further keys that the host names', () => {
    const own = createSanitizer({ redactKeys: ['tenant-code'] });
    expect(own.text('tenantCode=abc; x=1')).toBe('tenantCode=[redacted]; x=1');
    expect(own.json({ a: { TENANT_CODE: 'abc' } })).toBe('{"a":{"TENANT_CODE":"[redacted]"}}');
  });
});

describe('a key', () => {
  const secretKeys = [
    'authorization',
    'Proxy-Authorization',
    'cookie',
    'Set-Cookie',
    'x-api-key',
    'apiKey',
    'API_KEY',
    'password',
    'userPassword',
    'db.password',
    'passwd',
    'PGPASSWORD',
    'secret',
    'clientSecret',
    'client_secret',
    'token',
    'accessToken',
    'refresh_token',
    'X-Auth-Token',
    'privateKey',
    'PRIVATE_KEY',
    'credential',
    'credentials',
    'connectionString',
    'connection_string',
    'DATABASE_URL',
    'pwd',
    'db_pwd',
    'passphrase',
    'jwt',
    'xsrf',
    'cvv',
    'cardNumber',
    'ssn',
    'pin',
    'auth',
    'signature',
    'X-Amz-Signature',
    'sshKey',
  ];
  const cleanKeys = [
    'name',
    'path',
    'key',
    'primaryKey',
    'monkey',
    'author',
    'session_id',
    'compass',
    'bypass',
    'mapping',
    'spinner',
    'designation',
    'file_path',
    'sha256',
    'passed',
    'secretary',
    'code',
    'status',
    'url',
    'pine',
    'dsname',
  ];

  it.each(secretKeys)('of the name %s holds a secret', (key) => {
    expect(classifyKey(key)).toBe('secret');
  });

  it.each(cleanKeys)('of the name %s holds none', (key) => {
    expect(classifyKey(key)).toBe('clean');
  });

  it('that counts tokens may hold a number', () => {
    const sanitizer = createSanitizer();
    expect(JSON.parse(sanitizer.json({ total_tokens: 12, tokens: ['abc'], token: 12 }))).toEqual({
      total_tokens: 12,
      tokens: '[redacted]',
      token: '[redacted]',
    });
  });
});

describe('a planted secret', () => {
  const sanitizer = createSanitizer();
  const secret = 'Zq7vXw93kLmP';
  const key = fc.constantFrom(
    'password',
    'API-Key',
    'clientSecret',
    'set_cookie',
    'Authorization',
    'private key',
    'accessToken',
  );

  it('never shows, however deep it lies and whatever lies around it', () => {
    const around = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant(undefined));
    const holder = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 6 },
        fc.tuple(key, around).map(([name, other]) => ({ other, [name]: secret })),
        fc.tuple(key, around).map(([name, other]) => [other, { [name]: { nested: [secret] } }]),
        fc.tuple(key).map(([name]) => new Map<string, unknown>([[name, secret]])),
        fc.tuple(key).map(([name]) => ({ name, value: secret })),
        fc.tuple(key).map(([name]) => `${name}=${secret}`),
        fc.tuple(key).map(([name]) => JSON.stringify({ [name]: secret })),
        fc.tuple(key).map(([name]) => new Error(`it failed: ${name}: ${secret}`)),
        fc.tuple(fc.string({ maxLength: 8 }), tie('node')).map(([name, node]) => ({ [name]: node })),
        fc.tuple(tie('node'), around).map(([node, other]) => [other, node, new Set([node])]),
      ),
    })).node;
    fc.assert(
      fc.property(holder, (value) => {
        const json = sanitizer.json(value);
        expect(json).not.toContain(secret);
        expect(() => JSON.parse(json)).not.toThrow();
      }),
      { numRuns: 1_000 },
    );
  });

  it('never shows in a text, wherever it stands', () => {
    const plant = fc.constantFrom(
      `Bearer ${secret}`,
      `password=${secret}`,
      `"password": "${secret}"`,
      `token: ${secret}`,
      `https://u:${secret}@h/`,
      `?api_key=${secret}&`,
      `Cookie: a=${secret}`,
      `\\"secret\\":\\"${secret}\\"`,
    );
    const words = fc.array(
      fc.constantFrom('the', 'file', 'a=b', 'x: y', '{', '}', '"', '\n', '://', '@', 'é😀', '%3D'),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(words, plant, words, (before, planted, after) => {
        const text = [...before, planted, ...after].join(' ');
        expect(sanitizer.text(text)).not.toContain(secret);
      }),
      { numRuns: 1_000 },
    );
  });
});
