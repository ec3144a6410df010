// The new mails of a mailbox by IMAP.
const { ImapFlow } = require('imapflow');
const { simpleParser } = require('mailparser');

/**
 * The mails of the Inbox that nobody has seen, one by one. Each has been seen once the next one is asked for.
 *
 * @param {{host: string, port: number}} server
 * @param {{user: string, accessToken?: string, pass?: string}} auth
 */
async function* unseen({ host, port }, auth) {
  const client = new ImapFlow({ host, port, secure: true, auth, logger: false });
  // What goes wrong with the connection is told by the command that waits for it as well.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.mailboxOpen('INBOX');
    for (const uid of await client.search({ seen: false }, { uid: true })) {
      const { source } = await client.fetchOne(uid, { source: true }, { uid: true });
      yield summary(await simpleParser(source));
      await client.messageFlagsAdd(uid, ['\\Seen'], { uid: true });
    }
  } catch (error) {
    throw new Error(`IMAP: ${words(error)}`);
  } finally {
    client.close();
  }
}

/** What the server said, wherever imapflow has it. */
function words({ responseText, response, message }) {
  return responseText ?? (typeof response === 'string' ? response : message);
}

function summary({ from, to, subject, text, messageId }) {
  return { from: from?.text, to: to?.text, subject, body: text, messageId };
}

module.exports = { unseen };
