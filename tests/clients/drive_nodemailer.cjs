// Copyright: (c) 2026, MailOps contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
//
// Drives Nodemailer. Standard input: {port, user, token, message}; standard output: what became of the message.
'use strict';

const nodemailer = require('nodemailer');

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const { port, user, token, message } = JSON.parse(Buffer.concat(chunks).toString());
  const transport = nodemailer.createTransport({
    host: '127.0.0.1', port, requireTLS: true, auth: { type: 'OAuth2', user, accessToken: token },
  });
  try {
    await transport.verify();
    const { accepted, rejected, response } = await transport.sendMail(message);
    return { accepted, rejected, response };
  } catch (error) {
    return { code: error.responseCode, response: error.response };
  } finally {
    transport.close();
  }
}

main().then((seen) => process.stdout.write(`${JSON.stringify(seen)}\n`));
