// @ts-check
// A program on Next.js, of both routers, and what its requests should have as their route.

/** @type {Readonly<Record<string, string>>} */
export const files = {
  'next.config.js': `module.exports = { output: 'standalone', typescript: { ignoreBuildErrors: true } };`,
  'server.js': `const http = require('node:http');
const app = require('next')({ dev: false, dir: __dirname });
const handle = app.getRequestHandler();
app.prepare().then(() => http.createServer((request, response) => handle(request, response)).listen(process.env.PORT));`,
  'middleware.js': `import { NextResponse } from 'next/server';
export function middleware({ nextUrl }) {
  const to = nextUrl.clone();
  to.pathname = '/shop/7';
  if (nextUrl.pathname === '/rewritten') return NextResponse.rewrite(to);
  return nextUrl.pathname === '/answered' ? new NextResponse('answered') : NextResponse.next();
}`,
  'public/file.txt': 'a file',
  'app/layout.js': `export default ({ children }) => <html><body>{children}</body></html>;`,
  'app/page.js': `export default () => <p>home</p>;`,
  'app/(group)/grouped/page.js': `export default () => <p>grouped</p>;`,
  'app/shop/[id]/page.js': `export const dynamic = 'force-dynamic';
export default async function Shop({ params }) {
  const { id } = await params;
  if (id === 'broken') throw new Error('It broke.');
  return <p>shop {id}</p>;
}`,
  'app/blog/[...slug]/page.js': `import { notFound, redirect } from 'next/navigation';
export default async function Blog({ params }) {
  const { slug } = await params;
  if (slug[0] === 'gone') notFound();
  if (slug[0] === 'away') redirect('/grouped');
  return <p>blog {slug.join('+')}</p>;
}`,
  'app/api/users/[id]/route.js': `export async function GET(_request, { params }) {
  const { id } = await params;
  if (id === 'broken') throw new Error('It broke.');
  return Response.json({ id });
}
export const POST = async (request) => Response.json({ got: await request.json() }, { status: 201 });`,
  'pages/old/[name].js': `export async function getServerSideProps({ params: { name } }) {
  if (name === 'broken') throw new Error('It broke.');
  return name === 'gone' ? { notFound: true } : { props: { name } };
}
export default ({ name }) => <p>old {name}</p>;`,
  'pages/api/legacy/[key].js': `export default (request, response) => response.status(200).json({ key: request.query.key });`,
};

/** @type {readonly (readonly [request: string, status: number, route: string | null])[]} */
export const requests = [
  ['GET /', 200, '/'],
  ['GET /grouped', 200, '/grouped'],
  ['GET /shop/7', 200, '/shop/[id]'],
  ['HEAD /shop/7', 200, '/shop/[id]'],
  ['GET /shop/broken', 500, '/shop/[id]'],
  ['GET /blog/a/b', 200, '/blog/[...slug]'],
  ['GET /blog/gone', 404, '/blog/[...slug]'],
  ['GET /blog/away', 307, '/blog/[...slug]'],
  ['GET /api/users/7', 200, '/api/users/[id]'],
  ['POST /api/users/7', 201, '/api/users/[id]'],
  ['GET /api/users/broken', 500, '/api/users/[id]'],
  ['GET /old/ann', 200, '/old/[name]'],
  ['GET /old/broken', 500, '/old/[name]'],
  ['GET /old/gone', 404, '/old/[name]'],
  ['GET /api/legacy/7', 200, '/api/legacy/[key]'],
  ['GET /rewritten', 200, '/shop/[id]'],
  ['GET /answered', 200, null],
  ['GET /file.txt', 200, null],
  ['GET /nowhere', 404, null],
];
