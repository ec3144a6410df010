// Sends one mail as Team assistant does: with what its local.js exports, and nothing else.
// Usage: node send.js LOCAL_JS RECIPIENT SUBJECT
const nodemailer = require('nodemailer');

const [local, to, subject] = process.argv.slice(2);
const { smtp, from } = require(local).mail;

async function accessToken({ host, grantType, clientId, clientSecret, scope }) {
  const answer = await fetch(host, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: grantType, client_id: clientId, client_secret: clientSecret, scope }),
  });
  const { access_token: token, error_description: refusal } = await answer.json();
  if (!token) throw new Error(refusal);
  return token;
}

async function send() {
  if (smtp.type !== 'oauth2') throw new Error(`mail.smtp.type is ${smtp.type}`);
  const auth = { type: 'OAuth2', user: smtp.auth.user, accessToken: await accessToken(smtp.oauth2) };
  const transport = nodemailer.createTransport({ host: smtp.host, port: smtp.port, requireTLS: true, auth });
  const { response } = await transport.sendMail({ from, to, subject, text: 'A ticket was opened.' });
  console.log(response);
}

send().catch(error => {
  console.error(error.message);
  process.exitCode = 1;
});
