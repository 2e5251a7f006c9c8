// Where notifications arrive: what Slack and a mail server would take, printed.
import { text } from 'node:stream/consumers';
import { callbackify } from 'node:util';
import { SMTPServer } from 'smtp-server';

/** Takes what Slack's incoming webhooks take. */
export function slackDoor(say) {
  return async (request, response) => {
    const { channel = '', attachments = [], text: title = '' } = JSON.parse(await text(request));
    const lines = [title, ...attachments.flatMap(({ author_name, text: message }) => [author_name, message])];
    say(`✉ slack #${channel}: ${lines.filter(Boolean).join(': ').split('\n')[0]}`);
    response.end('ok');
  };
}

export function startMailServer(say) {
  const receive = async (stream, { envelope }) => {
    const subject = /^Subject: (.*(?:\r\n[ \t].*)*)/im.exec(await text(stream))?.[1] ?? '';
    const to = envelope.rcptTo.map(({ address }) => address).join(', ');
    say(`✉ mail to ${to}: ${subject.replaceAll(/\r\n\s+/g, ' ')}`);
  };
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData: callbackify(receive),
  });
  return { server: server.server, stop: () => new Promise((resolve) => server.close(resolve)) };
}
