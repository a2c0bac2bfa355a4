/**
 * Secrets of every common form, in the texts in which programs meet them. All of them are made up: each says FAKE or is made of a
 * counted pattern. Those that services look for in public repositories are put together here, so that nobody is alarmed.
 */
export interface SecretText {
  readonly name: string;
  readonly text: string;
  /** What must be nowhere once the text has been redacted. */
  readonly cores: readonly string[];
}

/** As {@link SecretText}, for values that are written as JSON. */
export interface SecretValue {
  readonly name: string;
  readonly value: unknown;
  readonly cores: readonly string[];
}

const letters = 'FAKEfake0123456789';

/** `length` characters that say FAKE. */
function fake(length: number, from = letters): string {
  return from.repeat(Math.ceil(length / from.length)).slice(0, length);
}

const hex = (length: number): string => fake(length, 'fa4e0123456789ab');
const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const basic = Buffer.from('fake-user:FAKE-basic-password').toString('base64');
const jwtPayload = base64url({ sub: 'FAKE-subject', name: 'Nobody' });
const jwtSignature = fake(43);
const jwt = `${base64url({ alg: 'HS256', typ: 'JWT' })}.${jwtPayload}.${jwtSignature}`;

function one(name: string, before: string, core: string, after = ''): SecretText {
  return { name, text: `${before}${core}${after}`, cores: [core] };
}

const headers: readonly SecretText[] = [
  one('basic authorization', 'Authorization: Basic ', basic),
  one('bearer authorization', 'authorization: Bearer ', 'FAKE.opaque-bearer_0001'),
  one('bearer in capitals', 'AUTHORIZATION: BEARER ', 'FAKE.opaque-bearer_0002'),
  one('basic without a header', 'retrying with Basic ', basic, ' after 401'),
  one('bearer without a header', 'sent "Bearer ', 'FAKEbearer0003', '" to the server'),
  one(
    'digest authorization',
    'Authorization: Digest username="nobody", realm="r", nonce="n", uri="/", response="',
    hex(32),
    '"',
  ),
  one(
    'request signature of AWS',
    'Authorization: AWS4-HMAC-SHA256 Credential=AKIAFAKEFAKEFAKE0001/20260101/eu/s3/aws4_request, SignedHeaders=host, Signature=',
    hex(64),
  ),
  one('negotiate', 'Proxy-Authorization: Negotiate ', 'TlRMTVNTUAABAAAAFAKE=='),
  one('token scheme', 'authorization: token ', 'FAKE-token-0004'),
  one('own scheme', 'Authorization: ApiKey ', 'FAKE-apikey-0005'),
  one('cookie', 'Cookie: theme=dark; sid=', 'FAKE-sid-0006', '; lang=en'),
  one('cookie in capitals', 'COOKIE: sid=', 'FAKE-sid-0007'),
  one('set-cookie', 'Set-Cookie: sid=', 's%3AFAKE-sid-0008.sig', '; Path=/; HttpOnly; Secure'),
  one('set-cookie in lower case', 'set-cookie: __Host-session=', 'FAKE-sid-0009', '; Secure'),
  ...[
    'X-Api-Key',
    'x-api-key',
    'X-Auth-Token',
    'X-Amz-Security-Token',
    'X-Vault-Token',
    'X-CSRF-Token',
    'PRIVATE-TOKEN',
    'x-goog-api-key',
    'Ocp-Apim-Subscription-Key',
    'X-Shopify-Access-Token',
    'DD-API-KEY',
    'x-functions-key',
    'X-Hub-Signature-256',
    'Stripe-Signature',
    'X-Access-Key',
  ].map((name, index) => one(`header ${name}`, `${name}: `, `FAKEheader${100 + index}`)),
  one(
    'a request as it goes over the wire',
    'GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ',
    'FAKE-wire-0010',
    '\r\n\r\n',
  ),
  one('curl with a header', `curl -H 'Authorization: Bearer `, 'FAKE-curl-0011', `' https://api.example.com/`),
  one('curl with a user', 'curl -u nobody:', 'FAKE-curl-0012', ' https://api.example.com/'),
  one('curl with --user', 'curl --user nobody:', 'FAKE-curl-0013', ' https://api.example.com/'),
];

const urls: readonly SecretText[] = [
  one('user and password', 'GET http://nobody:', 'FAKE-url-0001', '@example.com/a failed'),
  one('percent-encoded password', 'https://nobody:', 'FAKE%40url%2F0002', '@example.com'),
  one('token as user', 'git clone https://', 'FAKEtoken0003', '@github.com/a/b.git'),
  one('token behind x-access-token', 'https://x-access-token:', 'FAKEtoken0004', '@github.com/a/b.git'),
  one('ftp', 'ftp://nobody:', 'FAKE-url-0005', '@files.example.com/'),
  one('query', 'https://example.com/?page=2&access_token=', 'FAKE-url-0006', '&x=1'),
  one('fragment', 'https://example.com/callback#access_token=', 'FAKE-url-0007', '&state=1'),
  one('query within a query', 'https://e.com/?next=https%3A%2F%2Fa.com%3Ftoken%3D', 'FAKE-url-0008', '%26x%3D1'),
  one('query within a query within a query', 'https://e.com/?n=%253Ftoken%253D', 'FAKE-url-0009', '%2526x'),
  one('presigned', 'https://b.s3.amazonaws.com/k?X-Amz-Date=20260101T000000Z&X-Amz-Signature=', hex(64)),
  one('shared access signature', 'https://a.blob.core.windows.net/c?sv=2026&sig=', 'FAKE%2Bsig%3D', '&se=2027'),
  one('key of an API', 'https://maps.example.com/?api_key=', 'FAKE-url-0012'),
  one('web hook of Slack', 'https://hooks.slack.com/services/', `T0FAKE000/B0FAKE000/${fake(24)}`),
  one('web hook of Discord', 'https://discord.com/api/webhooks/100000000000000001/', fake(68)),
  one('bot of Telegram', 'https://api.telegram.org/bot', `100000001:${fake(35)}`, '/sendMessage'),
];

const tokens: readonly SecretText[] = [
  one('JSON web token', 'the token was ', jwt, '.'),
  { name: 'payload of a JSON web token', text: `jwt=${jwt}`, cores: [jwtPayload, jwtSignature] },
  one('JSON web token in a path', 'GET /verify/', jwt, '/done'),
  one('JSON web token without signature', 'got ', `${base64url({ alg: 'none' })}.${jwtPayload}.`),
  one('JSON web token in Python', "{'id': b'", jwt, "'}"),
];

const cards: readonly SecretText[] = [
  one('Visa', 'paid with ', '4111111111111111'),
  one('Visa with spaces', 'paid with ', '4111 1111 1111 1111', ' today'),
  one('Visa with hyphens', 'card ', '4012-8888-8888-1881', ';'),
  one('Mastercard', 'card ', '5555555555554444'),
  one('newer Mastercard', 'card ', '2223003122003222'),
  one('American Express', 'card ', '378282246310005'),
  one('American Express with spaces', 'card ', '3782 822463 10005'),
  one('Discover', '(', '6011111111111117', ')'),
  one('JCB', 'card ', '3530111333300000'),
  one('card in a form', 'name=Nobody&number=', '4242424242424242', '&exp=12'),
  one('card in JSON', '{"number":', '4000056655665556', '}'),
  one('card in quotes', `insert '`, '5105105105105100', `'`),
];

const connections: readonly SecretText[] = [
  ...[
    'postgres',
    'postgresql',
    'mysql',
    'mariadb',
    'mongodb',
    'mongodb+srv',
    'amqp',
    'amqps',
    'rediss',
    'clickhouse',
    'nats',
    'smtps',
    'ldap',
    'mssql',
    'mqtt',
  ].map((scheme, index) =>
    one(`URL of ${scheme}`, `${scheme}://app:`, `FAKE-db-${100 + index}`, '@db.internal:1234/x?ssl=true'),
  ),
  one('redis without a user', 'redis://:', 'FAKE-db-0001', '@cache:6379/0'),
  one('password with a slash', 'postgres://app:fake/', 'FAKE-db-0002', '@db/x'),
  one('password with an at sign', 'postgres://app:fake@', 'FAKE-db-0003', '@db/x'),
  one('JDBC with parameters', 'jdbc:postgresql://db:5432/x?user=app&password=', 'FAKE-db-0004'),
  one('JDBC of Oracle', 'jdbc:oracle:thin:app/', 'FAKE-db-0005', '@//db:1521/x'),
  one('JDBC of SQL Server', 'jdbc:sqlserver://db:1433;databaseName=x;user=app;password=', 'FAKE-db-0006', ';'),
  one('ADO', 'Server=db;Database=x;User Id=app;Password=', 'FAKE-db-0007', ';Encrypt=true'),
  one('ODBC', 'Driver={PostgreSQL};Server=db;Uid=app;Pwd=', 'FAKE-db-0008', ';'),
  one('ODBC in braces', 'Driver={X};Uid=app;Pwd={', 'FAKE;db-0009', '};'),
  one('libpq', `host=db user=app password='`, 'FAKE db-0010', `' dbname=x`),
  one('libpq without quotes', 'host=db user=app password=', 'FAKE-db-0011', ' dbname=x'),
  one(
    'Azure storage',
    'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=',
    `${fake(86)}==`,
    ';EndpointSuffix=core',
  ),
  one('Azure service bus', 'Endpoint=sb://x.net/;SharedAccessKeyName=all;SharedAccessKey=', `${fake(43)}=`),
  one('Kafka', 'org.apache.kafka.PlainLoginModule required username="app" password="', 'FAKE-db-0014', '";'),
  one('replica set', 'mongodb://app:', 'FAKE-db-0015', '@a:27017,b:27017/x?replicaSet=r'),
];

/** Keys that are known by their look, bare: nothing around them says what they are. */
const keys: readonly SecretText[] = (
  [
    ['AWS access key', ['AK', 'IA'], 'FAKEFAKEFAKE0001'],
    ['AWS temporary key', ['AS', 'IA'], 'FAKEFAKEFAKE0002'],
    ['GitHub personal', ['gh', 'p_'], fake(36)],
    ['GitHub OAuth', ['gh', 'o_'], fake(36)],
    ['GitHub server', ['gh', 's_'], fake(36)],
    ['GitHub refresh', ['gh', 'r_'], fake(36)],
    ['GitHub fine-grained', ['github', '_pat_'], fake(82)],
    ['GitLab', ['gl', 'pat-'], fake(20)],
    ['Slack bot', ['xo', 'xb-'], `100000000001-100000000002-${fake(24)}`],
    ['Slack user', ['xo', 'xp-'], `100000000001-100000000002-${fake(24)}`],
    ['Slack app', ['xa', 'pp-'], `1-A0FAKE-100000000001-${hex(64)}`],
    ['Stripe live', ['sk_', 'live_'], fake(24)],
    ['Stripe test', ['sk_', 'test_'], fake(24)],
    ['Stripe restricted', ['rk_', 'live_'], fake(24)],
    ['Stripe web hook', ['wh', 'sec_'], fake(32)],
    ['Google', ['AI', 'za'], fake(35)],
    ['Google OAuth', ['ya', '29.'], fake(60)],
    ['Google client', ['GOC', 'SPX-'], fake(28)],
    ['npm', ['np', 'm_'], fake(36)],
    ['PyPI', ['py', 'pi-'], `AgEIcHlwaS5vcmc${fake(60)}`],
    ['OpenAI', ['s', 'k-'], fake(48)],
    ['OpenAI project', ['s', 'k-proj-'], fake(64)],
    ['Anthropic', ['s', 'k-ant-api03-'], fake(64)],
    ['SendGrid', ['S', 'G.'], `${fake(22)}.${fake(43)}`],
    ['Mailgun', ['ke', 'y-'], hex(32)],
    ['Twilio', ['S', 'K'], hex(32)],
    ['DigitalOcean', ['dop_', 'v1_'], hex(64)],
    ['Shopify', ['shp', 'at_'], hex(32)],
    ['Hugging Face', ['h', 'f_'], fake(34)],
    ['Docker', ['dckr', '_pat_'], fake(27)],
    ['Databricks', ['da', 'pi'], hex(32)],
    ['Heroku', ['HR', 'KU-'], fake(60)],
    ['Linear', ['lin_', 'api_'], fake(40)],
    ['Notion', ['nt', 'n_'], fake(46)],
    ['Postman', ['PM', 'AK-'], `${hex(24)}-${hex(34)}`],
    ['New Relic', ['NR', 'AK-'], fake(27).toUpperCase()],
    ['Vault', ['hv', 's.'], fake(24)],
    ['Grafana', ['gl', 'sa_'], `${fake(32)}_${hex(8)}`],
    ['Square', ['sq0', 'atp-'], fake(22)],
    ['Atlassian', ['AT', 'ATT3'], fake(180)],
    ['age', ['AGE-SECRET', '-KEY-1'], fake(58).toUpperCase()],
    ['Doppler', ['dp.', 'pt.'], fake(43)],
    ['Supabase', ['sb', 'p_'], hex(40)],
    ['Figma', ['fi', 'gd_'], fake(40)],
    ['Azure client', ['fake', '8Q~'], fake(34)],
    ['Terraform', [`${fake(14)}.atl`, 'asv1.'], fake(64)],
  ] as const
).flatMap(([name, prefix, body], index): readonly SecretText[] => {
  const key = `${prefix.join('')}${body}`;
  return [
    { name: `key of ${name}`, text: `client ${index} used ${key} and was refused`, cores: [body] },
    { name: `key of ${name} in JSON`, text: JSON.stringify({ value: [key], n: 1 }), cores: [body] },
  ];
});

const pemBody = Array.from({ length: 4 }, (_, line) => fake(64, `FAKE${line}pem`)).join('\n');
const pem = (kind: string): string => `-----BEGIN ${kind}-----\n${pemBody}\n-----END ${kind}-----`;
const pemCores = ['FAKE0pemFAKE0pem', 'FAKE3pemFAKE3pem'];

const privateKeys: readonly SecretText[] = [
  ...[
    'PRIVATE KEY',
    'RSA PRIVATE KEY',
    'EC PRIVATE KEY',
    'OPENSSH PRIVATE KEY',
    'ENCRYPTED PRIVATE KEY',
    'DSA PRIVATE KEY',
    'PGP PRIVATE KEY BLOCK',
  ].map((kind): SecretText => ({ name: kind, text: `loaded\n${pem(kind)}\nfrom disk`, cores: pemCores })),
  { name: 'key in JSON', text: JSON.stringify({ pem: pem('PRIVATE KEY') }), cores: pemCores },
  {
    name: 'key in JSON in JSON',
    text: JSON.stringify({ a: JSON.stringify({ pem: pem('RSA PRIVATE KEY') }) }),
    cores: pemCores,
  },
  { name: 'key on one line', text: pem('PRIVATE KEY').replaceAll('\n', ' '), cores: pemCores },
  { name: 'key that is cut', text: pem('EC PRIVATE KEY').slice(0, 200), cores: ['FAKE0pemFAKE0pem'] },
  { name: 'key with Windows lines', text: pem('PRIVATE KEY').replaceAll('\n', '\r\n'), cores: pemCores },
];

const inside: readonly SecretText[] = [
  one('JSON', '{"user":"u","password":"', 'FAKE-in-0001', '","n":1}'),
  one('JSON with an escaped quote', '{"password":"x\\"', 'FAKE-in-0002', '","n":1}'),
  one('JSON with spaces', '{ "client_secret" : "', 'FAKE-in-0003', '" }'),
  one('JSON in JSON', '{"body":"{\\"apiKey\\":\\"', 'FAKE-in-0004', '\\"}"}'),
  one(
    'JSON in JSON in JSON',
    JSON.stringify({ a: JSON.stringify({ b: JSON.stringify({ token: 'x' }) }) }).split('x')[0] ?? '',
    'FAKE-in-0005',
    '\\\\\\"}\\"}"}',
  ),
  one('object under a secret key', '{"credentials":{"user":"u","pw":"', 'FAKE-in-0006', '"},"n":1}'),
  one('list under a secret key', '{"tokens":["a","', 'FAKE-in-0007', '"],"n":1}'),
  one('header list in text', '[{"name":"X-Api-Key","value":"', 'FAKE-in-0008', '"}]'),
  one('raw headers in text', '{"rawHeaders":["Host","h","X-Api-Key","', 'FAKE-in-0009', '"]}'),
  one('inspected raw headers', "rawHeaders: [ 'Host', 'h', 'X-Api-Key', '", 'FAKE-in-0024', "' ]"),
  one('inspected object', "{ user: 'u', password: '", 'FAKE-in-0010', "', n: 1 }"),
  one('inspected map', "Map(1) { 'api_key' => '", 'FAKE-in-0011', "' }"),
  one('YAML', 'database:\n  user: app\n  password: ', 'FAKE-in-0012', '\n  port: 5432'),
  one('TOML', '[db]\nuser = "app"\npassword = "', 'FAKE-in-0013', '"\n'),
  one('properties', 'spring.datasource.password=', 'FAKE-in-0014', '\nspring.x=1'),
  one('XML', '<user>u</user><password>', 'FAKE-in-0015', '</password>'),
  one('XML with name space and attribute', '<wsse:Password Type="PasswordText">', 'FAKE-in-0016', '</wsse:Password>'),
  one('attribute in XML', '<add key="x" password="', 'FAKE-in-0017', '" />'),
  one('form', 'grant_type=password&username=u&password=', 'FAKE-in-0018', '&scope=a'),
  one('form with a nested name', 'user[name]=u&user[password]=', 'FAKE-in-0019', '&x=1'),
  one('form with an encoded nested name', 'user%5Bname%5D=u&user%5Bpassword%5D=', 'FAKE-in-0020', '&x=1'),
  one('multipart form', '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n', 'FAKE-in-0021', '\r\n--b--'),
  one('template literal', 'const password = `', 'FAKE-in-0022', '`;'),
  one('GraphQL', 'mutation { login(user: "u", password: "', 'FAKE-in-0023', '") { id } }'),
  one('.netrc', 'machine api.example.com login nobody password ', 'FAKE-in-0025'),
  one('.npmrc', '//registry.npmjs.org/:_authToken=', 'FAKE-in-0026'),
  one('.pgpass', 'PGPASSWORD=', 'FAKE-in-0027', ' psql -h db'),
  one('docker config', '{"auths":{"https://index.docker.io/v1/":{"auth":"', basic, '"}}}'),
  one('kubeconfig', 'users:\n- user:\n    client-key-data: ', 'FAKE-in-0029'),
];

const sql: readonly SecretText[] = [
  one('condition', "select id from users where email = 'u' and password = '", 'FAKE-sql-0001', "'"),
  one('role', "create role app with login password '", 'FAKE-sql-0002', "'"),
  one('role in capitals', "ALTER USER app WITH ENCRYPTED PASSWORD '", 'FAKE-sql-0003', "' VALID UNTIL 'infinity'"),
  one('identified by', "CREATE USER 'app'@'%' IDENTIFIED BY '", 'FAKE-sql-0004', "'"),
  one('set', "update users set name = 'n', api_token = '", 'FAKE-sql-0005', "' where id = 1"),
  one('quote inside', "update users set password = 'it''s ", 'FAKE-sql-0006', "' where id = 1"),
  one('insert', "insert into users (id, email, password) values (1, 'u', '", 'FAKE-sql-0007', "')"),
  one('insert of many', "INSERT INTO users (api_key, n) VALUES ('a', 1),\n ('", 'FAKE-sql-0008', "', 2) RETURNING id"),
  one(
    'parameters',
    "duration: 1 ms execute: update u set token=$1 DETAIL: parameters: $1 = 'x', token = '",
    'FAKE-sql-0009',
    "'",
  ),
];

const commands: readonly SecretText[] = [
  one('option with =', 'node app.js --token=', 'FAKE-cmd-0001', ' --port 80'),
  one('option with a space', 'node app.js --password ', 'FAKE-cmd-0002', ' --port 80'),
  one('option in quotes', 'deploy --api-key "', 'FAKE-cmd-0003', '" --now'),
  one('option of one hyphen', 'keytool -storepass ', 'FAKE-cmd-0004', ' -list'),
  one('mysql', 'mysql -u root -p', 'FAKE-cmd-0005', ' x'),
  one('environment of docker', 'docker run -e DB_PASSWORD=', 'FAKE-cmd-0006', ' image'),
];

const faults: readonly SecretText[] = [
  one('error', 'Error: connect failed with password=', 'FAKE-err-0001'),
  one(
    'error with a URL',
    'MongoServerError: cannot reach mongodb://app:',
    'FAKE-err-0002',
    '@db:27017\n    at f (/a/b.js:1:2)',
  ),
  one(
    'stack',
    'TypeError: bad token: ',
    'FAKE-err-0003',
    '\n    at verify (/app/src/token.ts:12:5)\n    at main (/app/src/main.ts:3:1)',
  ),
  one('message of curl', '> Authorization: Bearer ', 'FAKE-err-0004', '\n< HTTP/1.1 401'),
  one('request of axios', "headers: AxiosHeaders { Authorization: 'Bearer ", 'FAKE-err-0005', "', 'User-Agent': 'a' }"),
  one('duplicate key of Postgres', 'Key (api_token)=(', 'FAKE-err-0006', ') already exists.'),
  one('sentence', 'the password is ', 'FAKE-err-0007', ', they said'),
  one('sentence in quotes', 'wrong password "', 'FAKE-err-0008', '" for nobody'),
];

const environments: readonly SecretText[] = [
  'PGPASSWORD',
  'DB_PASS',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'GITHUB_TOKEN',
  'NPM_TOKEN',
  'STRIPE_SECRET_KEY',
  'SESSION_SECRET',
  'JWT_SIGNING_KEY',
  'ENCRYPTION_KEY',
  'OPENAI_API_KEY',
  'SLACK_WEBHOOK_SECRET',
  'APP_KEY',
  'SENTRY_AUTH_TOKEN',
  'SMTP_PASSWORD',
  'AZURE_CLIENT_SECRET',
  'SENTRY_DSN',
].flatMap((name, index): readonly SecretText[] => {
  const core = `FAKE-env-${100 + index}`;
  return [
    one(`variable ${name}`, `HOME=/root\n${name}=`, core, '\nPATH=/bin'),
    one(`variable ${name}, exported`, `export ${name}="`, `${core}b`, '"'),
    one(`variable ${name}, as JSON`, `{"HOME":"/root","${name}":"`, `${core}c`, '"}'),
  ];
});

/** Every text with a secret in it, by kind. */
export const secretTexts: readonly SecretText[] = Object.entries({
  headers,
  urls,
  tokens,
  cards,
  connections,
  keys,
  privateKeys,
  inside,
  sql,
  commands,
  faults,
  environments,
}).flatMap(([kind, list]) => list.map((entry) => ({ ...entry, name: `${kind}: ${entry.name}` })));

const nest = (depth: number, value: unknown): unknown => (depth === 0 ? value : { a: [nest(depth - 1, value)] });

/** Values with secrets in them, as programs hand them over. */
export const secretValues: readonly SecretValue[] = [
  { name: 'key', value: { password: 'FAKE-val-0001' }, cores: ['FAKE-val-0001'] },
  { name: 'key in capitals', value: { 'X-API-KEY': 'FAKE-val-0002' }, cores: ['FAKE-val-0002'] },
  { name: 'deep', value: nest(12, { clientSecret: 'FAKE-val-0003' }), cores: ['FAKE-val-0003'] },
  {
    name: 'object under a key',
    value: { credentials: { user: 'FAKE-val-0004', pw: ['FAKE-val-0004'] } },
    cores: ['FAKE-val-0004'],
  },
  { name: 'list under a key', value: { tokens: ['FAKE-val-0005', { x: 'FAKE-val-0005' }] }, cores: ['FAKE-val-0005'] },
  { name: 'header list', value: [{ name: 'Authorization', value: 'FAKE-val-0006' }], cores: ['FAKE-val-0006'] },
  {
    name: 'pairs',
    value: [
      ['host', 'h'],
      ['x-api-key', 'FAKE-val-0007'],
    ],
    cores: ['FAKE-val-0007'],
  },
  {
    name: 'raw headers',
    value: { rawHeaders: ['Host', 'h', 'Cookie', 'FAKE-val-0008', 'X-Api-Key', 'FAKE-val-0008'] },
    cores: ['FAKE-val-0008'],
  },
  {
    name: 'arguments',
    value: { argv: ['node', 'app.js', '--token', 'FAKE-val-0009', '--password=FAKE-val-0009'] },
    cores: ['FAKE-val-0009'],
  },
  { name: 'map', value: new Map<string, unknown>([['apiKey', 'FAKE-val-0010']]), cores: ['FAKE-val-0010'] },
  { name: 'Headers', value: new Headers({ authorization: 'FAKE-val-0011', accept: 'a' }), cores: ['FAKE-val-0011'] },
  { name: 'URLSearchParams', value: new URLSearchParams({ access_token: 'FAKE-val-0012' }), cores: ['FAKE-val-0012'] },
  {
    name: 'URL',
    value: new URL('https://nobody:FAKE-val-0013@example.com/?token=FAKE-val-0013'),
    cores: ['FAKE-val-0013'],
  },
  {
    name: 'error',
    value: new Error('no: password=FAKE-val-0014', { cause: new Error('token: FAKE-val-0014') }),
    cores: ['FAKE-val-0014'],
  },
  {
    name: 'error with members',
    value: Object.assign(new Error('no'), { config: { headers: { Authorization: 'FAKE-val-0015' } } }),
    cores: ['FAKE-val-0015'],
  },
  {
    name: 'JSON in a member',
    value: { body: JSON.stringify({ password: 'FAKE-val-0016' }) },
    cores: ['FAKE-val-0016'],
  },
  { name: 'card as a number', value: { n: 4_111_111_111_111_111 }, cores: ['4111111111111111'] },
  { name: 'secret in a key', value: { 'https://nobody:FAKE-val-0018@example.com/': 1 }, cores: ['FAKE-val-0018'] },
  {
    name: 'command of Redis',
    value: Object.assign(new Error('WRONGPASS'), { command: { name: 'auth', args: ['FAKE-val-0022'] } }),
    cores: ['FAKE-val-0022'],
  },
  {
    name: 'bytes under a key',
    value: { privateKey: Buffer.from('FAKE-val-0019') },
    cores: ['FAKE-val-0019', Buffer.from('FAKE-val-0019').toString('base64'), '70,65,75,69'],
  },
  { name: 'toJSON', value: { toJSON: () => ({ password: 'FAKE-val-0020' }) }, cores: ['FAKE-val-0020'] },
  {
    name: 'getter',
    value: {
      get token() {
        return 'FAKE-val-0021';
      },
    },
    cores: ['FAKE-val-0021'],
  },
];

/** Texts that look like secrets and are none: they stay as they are. */
export const innocentTexts: readonly string[] = [
  'commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b is on main',
  'sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  'etag W/"5e-QbLtGHWx9ZbKZqbXlmYhLw"',
  'sha512-oV5GkGfWZ8dRkzGvDy2gk4hvDnNDx4qsLzFyKbTgN1nKUPwLFm3XwBqX3mQkqA4cMEZCq2lQqvTqGmLzJ1AcWw==',
  'request 3f2504e0-4f89-41d3-9a0c-0305e82c3301',
  'trace 4bf92f3577b34da6a3ce929d0e0e4736 span 00f067aa0ba902b7',
  'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  'ulid 01ARZ3NDEKTSV4RRFFQ69G5FAV, ksuid 0ujtsYcgvSTl8PAuAdqWYSMnLOv, nanoid V1StGXR8_Z5jdHi6B-myT',
  'ISBN 978-3-16-148410-0 and 9783161484100',
  'IBAN DE89 3704 0044 0532 0130 00',
  'order 2026112200001234 shipped, invoice 1000000000000008',
  'phone +49 30 901820 and 0049 30 1234 5678',
  'at 1732240000000, 1732240000000000, 1732240000000000000',
  'ean 4006381333931 gtin 00012345600012',
  'ratio 0.4111111111111111, 3.1415926535897932',
  'version 1.2.3-rc.4+build.20260101',
  'ip 10.0.0.1:5432 and [2001:db8::1]:443',
  'mac 00:1a:2b:3c:4d:5e',
  '1+1=2, a+b and a + b',
  'sum of 4111+1111 and 1000+2000+3000+4000',
  'C++ and g++-12, Notepad++',
  'ann+password@example.com, bob+token@example.com',
  'call +49 30 901820, +4930901820 or +1-202-555-0100',
  '2026-01-01T08:00:00+01:00 to 2026-01-01T09:00:00.5+0100',
  'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
  'mongodb+srv://cluster.example.com/ledger, postgresql+psycopg2://db/ledger, git+ssh://git@github.com/a/b',
  'Ctrl+Shift+P, press Shift+Insert',
  'https://example.com/search?q=password+manager+for+two&page=2',
  'https://example.com/search?q=reset+the+token&lang=en+us',
  'application/vnd.api+json; charset=utf-8, image/svg+xml',
  'x+y=z&key+fob=1',
  '/srv/app/src/token.ts',
  'at verify (/srv/app/src/token.ts:12:5)',
  'at new Password (file:///srv/app/auth/password.js:10:3)',
  '    at Object.<anonymous> (C:\\app\\secrets\\index.js:1:2)',
  'moved /data/secrets/readme.md to /data/tokens/readme.md',
  'src/auth/cookie.ts: 12 lines',
  'password reset sent',
  'Password reset mail was sent to someone@example.com',
  'the token has expired',
  'Unexpected token < in JSON at position 0',
  'SyntaxError: Unexpected token \'a\', "abc" is not valid JSON',
  `Access denied for user 'root'@'localhost' (using password: YES)`,
  'password authentication failed for user "app"',
  'invalid token',
  'no password was given',
  'forgot password?',
  'total_tokens=12, max_tokens: 4096, prompt_tokens: 0',
  'hasPassword: true, password: null, token: undefined',
  'password: [redacted]',
  'primary key: 12, foreign key: 13, key: a',
  'basic information about the bearer of bad news',
  'basic: yes, digest: no',
  'author: nobody, authored by: someone, authority: none',
  'compass: north, bypass: yes, passenger: 1, passed: 12',
  'secretary: Nobody, secretariat: Vienna',
  'https://example.com:8080/a/b?page=2#top',
  'https://example.com/@scope/name',
  'git@github.com:owner/name.git',
  'mail me at someone@example.com, or mailto:someone@example.com',
  'postgres://db.internal:5432/ledger',
  'postgres://app@db.internal/ledger',
  '@scope/package@1.2.3',
  'skipped sk-learn and npm_config_cache',
  'hf_hub, SG.1, AKIA, ghp_',
  'a--b and --verbose --port 80 -- x',
  '<token/> and <b>password</b>',
  "it's the user's choice",
  "select 'a' from users where id = 1",
  "insert into photos (id, path) values (1, '/a/b.jpg')",
  'spinning: 12, pinned: 3, mapping: a',
  'eyJust words, eyJ',
  '----- a line of hyphens -----',
  '-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUFAKE\n-----END CERTIFICATE-----',
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFAKE nobody@example.com',
];
