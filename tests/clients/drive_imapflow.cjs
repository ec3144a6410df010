// Copyright: (c) 2026, MailOps contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
//
// Drives ImapFlow. Standard input: {port, user, token, job}; standard output: what the job saw, or {error} in the
// server's words.
'use strict';

const { ImapFlow } = require('imapflow');

const jobs = {
  async everything(client) {
    const seen = {};
    seen.folders = (await client.list()).map((folder) => [folder.path, folder.specialUse || null]);
    const appended = await client.append('INBOX', 'Subject: By ImapFlow\r\n\r\nHello\r\n', ['\\Seen']);
    const lock = await client.getMailboxLock('INBOX');
    try {
      seen.permanentFlags = [...client.mailbox.permanentFlags];
      seen.found = await client.search({ subject: 'ImapFlow' }, { uid: true });
      seen.notFound = await client.search({ seen: false }, { uid: true });
      const message = await client.fetchOne(`${appended.uid}`, { envelope: true, flags: true, source: true }, { uid: true });
      seen.subject = message.envelope.subject;
      seen.source = message.source.toString();
      await client.messageFlagsAdd(`${appended.uid}`, ['\\Flagged'], { uid: true });
      await client.messageFlagsRemove(`${appended.uid}`, ['\\Seen'], { uid: true });
      // Exchange's PERMANENTFLAGS let no client make keywords of its own.
      seen.keyword = await client.messageFlagsAdd(`${appended.uid}`, ['Important'], { uid: true });
      const moved = await client.messageMove(`${appended.uid}`, 'Archive', { uid: true });
      seen.moved = moved.uidMap.size;
    } finally {
      lock.release();
    }
    return seen;
  },

  async remove(client) {
    const lock = await client.getMailboxLock('Archive');
    try {
      return { removed: await client.messageDelete('1:*') };
    } finally {
      lock.release();
    }
  },

  // Says so on standard output when it listens, since then mail may come.
  async idle(client) {
    await client.mailboxOpen('INBOX');
    const arrived = new Promise((resolve) => client.once('exists', resolve));
    client.idle();
    process.stdout.write('listening\n');
    const { count, prevCount } = await arrived;
    return { count, prevCount };
  },

  async open(client) {
    await client.mailboxOpen('INBOX');
    return {};
  },

  async umlaut(client) {
    await client.mailboxOpen('INBOX');
    return { found: await client.search({ subject: 'Größe' }) };
  },
};

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const { port, user, token, job } = JSON.parse(Buffer.concat(chunks).toString());
  const client = new ImapFlow({
    host: '127.0.0.1', port, secure: true, auth: { user, accessToken: token }, logger: false,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const seen = await jobs[job](client);
    await client.logout();
    return seen;
  } catch (error) {
    client.close();
    return { error: error.responseText || error.message };
  }
}

main().then((seen) => process.stdout.write(`${JSON.stringify(seen)}\n`));
