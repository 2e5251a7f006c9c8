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
  const transport = createTransport({
    host: hostOf(url),
    secure: isSecure,
    // The library would look names up itself, and go wherever they lead.
    getSocket(_, done) {
      openSocket(url, isSecure ? SMTPS_PORT : SUBMISSION_PORT, access).then(
        (connection) => done(null, { connection }),
        (error: unknown) => done(error instanceof Error ? error : new Error(errorMessage(error)), false),
      );
    },
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
    throw new SluiceError('ProviderFailed', `the mail server ${url.host} did not take the mail: ${errorMessage(error)}`, { cause: error });
  } finally {
    transport.close();
  }
}
