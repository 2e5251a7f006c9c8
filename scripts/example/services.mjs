// What the world outside is to an example, on loopback: the services that its setup asks for.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { memoryRegistry } from '@sluice/sources/testing';
import { fillRegistry, helmRepository } from './charts.mjs';
import { startGitOverSsh } from './git-over-ssh.mjs';
import { slackDoor, startMailServer } from './inbox.mjs';

/** Ports are those of the last time, so that what Git says about them stays true. */
export async function startServices({ setup, directory, repositories, say }) {
  const file = join(directory, 'services.json');
  const ports = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const stopping = [];
  const services = { stop: async () => void (await Promise.all(stopping.map((stop) => stop()))) };
  if (setup.needs.includes('web')) {
    const charts = helmRepository();
    const registry = memoryRegistry();
    const slack = slackDoor(say);
    const server = createServer((request, response) => {
      if (request.url.startsWith('/v2/')) return registry.handler(request, response);
      if (request.url.startsWith('/slack')) return void slack(request, response);
      charts(request, response);
    });
    ports.web = await listen(server, ports.web);
    services.web = `127.0.0.1:${ports.web}`;
    await fillRegistry(services.web);
    stopping.push(() => close(server));
    say(`► Helm repository at http://${services.web}/charts, registry at oci://${services.web}`);
  }
  if (setup.needs.includes('mail')) {
    const mail = startMailServer(say);
    ports.mail = await listen(mail.server, ports.mail);
    services.mail = `127.0.0.1:${ports.mail}`;
    stopping.push(mail.stop);
    say(`► mail server at smtp://${services.mail}; mails and chat messages appear here`);
  }
  if (setup.needs.includes('ssh')) {
    const ssh = await startGitOverSsh({ directory: join(directory, 'ssh'), port: ports.ssh, paths: setup.sshPaths(repositories) });
    if (ssh === undefined) say('► no OpenSSH server on this machine: its repositories are read as files instead');
    else {
      ports.ssh = ssh.port;
      services.ssh = ssh;
      stopping.push(ssh.stop);
      say(`► Git over SSH at ${ssh.url}`);
    }
  }
  writeFileSync(file, JSON.stringify(ports));
  return services;
}

function listen(server, port = 0) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server.address().port));
  });
}

function close(server) {
  return new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
}
