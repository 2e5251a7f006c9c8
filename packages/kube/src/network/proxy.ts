import { SluiceError } from '@sluice/core';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP, type Socket } from 'node:net';

type Env = Readonly<Record<string, string | undefined>>;

/** The proxy that the environment names for an address (HTTPS_PROXY, HTTP_PROXY, NO_PROXY; as Go reads them). */
export function proxyFromEnvironment(url: URL, env: Env): string | undefined {
  const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const proxy = either(env, name);
  if (proxy === '' || isExempt(url, either(env, 'no_proxy'))) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

/** Upper case first, as Go does. */
function either(env: Env, name: string): string {
  return (env[name.toUpperCase()] ?? '') || (env[name] ?? '');
}

/** Whether NO_PROXY exempts an address: loopback always, then names with their subdomains, `.suffix`, addresses, networks, each with an optional port. */
export function isExempt(url: URL, noProxy: string): boolean {
  const host = url.hostname
    .replace(/^\[|\]$/g, '')
    .toLowerCase()
    .replace(/\.$/, '');
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  if (host === 'localhost' || isLoopback(host)) return true;
  return noProxy
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
    .some((entry) => matches(entry, host, port));
}

function isLoopback(host: string): boolean {
  return isIP(host) === 4 ? host.startsWith('127.') : host === '::1';
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return inNetwork(entry, host);
  const colon = entry.lastIndexOf(':');
  const hasPort = colon >= 0 && (entry.indexOf(':') === colon || entry[colon - 1] === ']');
  if (hasPort && entry.slice(colon + 1) !== port) return false;
  const name = (hasPort ? entry.slice(0, colon) : entry).replace(/^\[|\]$/g, '');
  if (isIP(name) !== 0) return name === host;
  const suffix = name.startsWith('*.') ? name.slice(1) : name;
  if (suffix.startsWith('.')) return host.endsWith(suffix);
  return host === suffix || host.endsWith(`.${suffix}`);
}

function inNetwork(entry: string, host: string): boolean {
  const [network = '', bits = ''] = entry.split('/');
  const family = isIP(network);
  if (family === 0 || isIP(host) !== family || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  const type = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(network, Number(bits), type);
  return list.check(host, type);
}

type TunnelCallback = (...result: [error: Error, socket: null] | [error: null, socket: Socket]) => void;

/** Opens a connection through an HTTP(S) proxy to `host:port` (CONNECT). */
export function openTunnel(proxyUrl: string, target: string, timeoutMs: number, callback: TunnelCallback): void {
  const proxy = new URL(proxyUrl);
  const shown = `${proxy.protocol}//${proxy.host}`;
  if (proxy.protocol !== 'http:' && proxy.protocol !== 'https:') {
    callback(new SluiceError('KubeconfigInvalid', `the proxy ${shown} is not an HTTP proxy; others are not supported`), null);
    return;
  }
  const headers: Record<string, string> = { host: target };
  if (proxy.username !== '') {
    const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
    headers['proxy-authorization'] = `Basic ${Buffer.from(login).toString('base64')}`;
  }
  const open = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = open({
    method: 'CONNECT',
    hostname: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port === '' ? undefined : proxy.port,
    path: target,
    headers,
    agent: false,
    timeout: timeoutMs,
  });
  request.once('connect', (response, socket) => {
    if (response.statusCode === 200) {
      socket.setTimeout(0);
      callback(null, socket);
    } else {
      socket.destroy();
      callback(new SluiceError('KubeUnreachable', `the proxy ${shown} answered ${response.statusCode} to a connection to ${target}`), null);
    }
  });
  request.once('timeout', () => request.destroy(new SluiceError('KubeUnreachable', `the proxy ${shown} does not answer`)));
  request.once('error', (error) => callback(error, null));
  request.end();
}
