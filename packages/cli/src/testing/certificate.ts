import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** An authority of the test's own, and a certificate for 127.0.0.1 that it signed. Both stay in the directory. */
export function makeCertificate(directory: string): { cert: string; key: string } {
  const openssl = (text: string): void => void execFileSync('openssl', text.split(' '), { cwd: directory, stdio: 'pipe' });
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';
  openssl(`req -x509 ${key} -days 2 -subj /CN=authority -keyout ca.key -out ca.crt`);
  openssl(`req ${key} -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout server.key -out server.csr`);
  openssl('x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -copy_extensions copy -out server.crt');
  const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
  return { cert: read('server.crt'), key: read('server.key') };
}
