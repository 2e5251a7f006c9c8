// Git over SSH as a provider offers it: OpenSSH's server on loopback, which serves Git alone.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const program = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/libexec/sshd'].find((path) => existsSync(path));

/**
 * @param paths the repositories: the path in an address, and the directory it stands for
 * @returns undefined where there is no OpenSSH server
 */
export async function startGitOverSsh({ directory, port, paths }) {
  if (program === undefined) return undefined;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const key of ['host', 'identity']) {
    if (!existsSync(join(directory, key)))
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', key, '-f', join(directory, key)]);
  }
  const read = (name) => readFileSync(join(directory, name), 'utf8');
  if (!existsSync(join(directory, 'authorized_keys')))
    writeFileSync(join(directory, 'authorized_keys'), read('identity.pub'), { mode: 0o600 });
  // What may be asked for is a list, so that no path reaches a shell.
  const cases = paths.flatMap(([path, repository]) =>
    ['git-upload-pack', 'git-receive-pack'].map((command) => `  ${quote(`${command} '${path}'`)}) exec ${command} ${quote(repository)} ;;`),
  );
  const door = join(directory, 'door.sh');
  writeFileSync(
    door,
    ['#!/bin/sh', 'case "$SSH_ORIGINAL_COMMAND" in', ...cases, '  *) echo "no such repository" >&2; exit 1 ;;', 'esac', ''].join('\n'),
  );
  chmodSync(door, 0o700);
  const used = port ?? (await freePort());
  const config = [
    `Port ${used}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${directory}/host`,
    `AuthorizedKeysFile ${directory}/authorized_keys`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    'AllowTcpForwarding no',
    'PermitTTY no',
    `ForceCommand ${door}`,
  ];
  writeFileSync(join(directory, 'sshd_config'), `${config.join('\n')}\n`);
  // Where sshd separates privileges it wants this directory, which only its service makes.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const server = spawn(program, ['-D', '-f', join(directory, 'sshd_config')], { stdio: 'ignore' });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  await untilListening(used);
  return {
    port: used,
    url: `ssh://${userInfo().username}@127.0.0.1:${used}`,
    identity: read('identity'),
    identityPublic: read('identity.pub'),
    knownHosts: `[127.0.0.1]:${used} ${read('host.pub')}`,
    stop: async () => {
      server.kill();
      await ended;
    },
  };
}

function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function untilListening(port) {
  for (let attempt = 0; ; attempt++) {
    const isOpen = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.end());
    });
    if (isOpen) return;
    if (attempt > 100) throw new Error('sshd does not start');
    await sleep(50);
  }
}
