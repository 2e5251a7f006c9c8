import { errorMessage, SluiceError } from '@sluice/core';
import type { MailMessage } from '@sluice/notifications';
import type { TlsMaterial } from '../source/secrets.js';
import { hostOf, openSocket, type SocketAccess } from './socket.js';

const SMTPS_PORT = 465;
const SUBMISSION_PORT = 587;

/** Hands a mail to its server: with TLS from the start for `smtps://`, with STARTTLS where a `smtp://` server offers it. */
export async function sendMail(message: MailMessage, tls: TlsMaterial, timeoutMs: number, access: SocketAccess): Promise<void> {
  const url = new URL(message.server);
  const isSecure = url.protocol === 'smtps:';
  // Loaded on use: few send mail.
  const { createTransport } = await import('nodemailer');
  // Opened here: the library would look names up itself, and go wherever they lead.
  const connection = await openSocket(url, isSecure ? SMTPS_PORT : SUBMISSION_PORT, access).catch((error: unknown) => {
    throw refused(url, error);
  });
  const transport = createTransport({
    host: hostOf(url),
    secure: isSecure,
    connection,
    // Credentials go over TLS only; mail without any may go over what there is.
    requireTLS: !isSecure && message.password !== '',
    ...(message.password === '' ? {} : { auth: { user: message.username, pass: message.password } }),
    tls: {
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls.clientCertificate === undefined ? {} : { cert: tls.clientCertificate, key: tls.clientKey }),
    },
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    const { from, subject, text } = message;
    await transport.sendMail({ from, to: [...message.to], subject, text });
  } catch (error) {
    throw refused(url, error);
  } finally {
    transport.close();
    connection.destroy();
  }
}

const refused = (url: URL, error: unknown): SluiceError =>
  new SluiceError('ProviderFailed', `the mail server ${url.host} did not take the mail: ${errorMessage(error)}`, { cause: error });
