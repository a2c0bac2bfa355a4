// @ts-check
// A certificate for the loopback address that vouches for itself.
import { spawnSync } from 'node:child_process';
import { chownSync } from 'node:fs';
import { join } from 'node:path';
import '../../test/harness/typescript.js';

/** Makes key and certificate with openssl. @param {string} directory */
export async function makeCertificate(directory) {
  const { serverUser } = await import('../../test/harness/postgres-binaries.ts');
  const [key, certificate] = [join(directory, 'bouncer.key'), join(directory, 'bouncer.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject];
  const { status, stderr, error } = spawnSync('openssl', [...kind, '-keyout', key, '-out', certificate], {
    encoding: 'utf8',
  });
  if (error !== undefined)
    throw new Error('There is no openssl; install it (apt-get install openssl).', { cause: error });
  if (status !== 0) throw new Error(`openssl made no certificate: ${stderr}`);
  const { uid, gid } = serverUser();
  if (uid !== undefined && gid !== undefined) chownSync(key, uid, gid);
  return { key, certificate };
}
