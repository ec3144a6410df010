// The new mails of a mailbox by IMAP.
const { ImapFlow } = require('imapflow');
const { simpleParser } = require('mailparser');

/**
 * The mails of the Inbox that nobody has seen; they have been seen then.
 *
 * @param {{host: string, port: number}} server
 * @param {{user: string, accessToken?: string, pass?: string}} auth
 */
async function fetchUnseen({ host, port }, auth) {
  const client = new ImapFlow({ host, port, secure: true, auth, logger: false });
  // What goes wrong with the connection is told by the command that waits for it as well.
  client.on('error', () => {});
  await client.connect().catch(error => {
    throw new Error(error.responseText ? `IMAP: ${error.responseText}` : error.message);
  });
  try {
    await client.mailboxOpen('INBOX');
    const unseen = await client.search({ seen: false }, { uid: true });
    const mails = [];
    for (const uid of unseen) {
      const { source } = await client.fetchOne(uid, { source: true }, { uid: true });
      mails.push(summary(await simpleParser(source)));
      await client.messageFlagsAdd(uid, ['\\Seen'], { uid: true });
    }
    return mails;
  } finally {
    client.close();
  }
}

function summary({ from, to, subject, text, messageId }) {
  return { from: from?.text, to: to?.text, subject, body: text, messageId };
}

module.exports = { fetchUnseen };
