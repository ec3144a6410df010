// One mail by SMTP.
const nodemailer = require('nodemailer');

/**
 * @param {{host: string, port: number}} server
 * @param {{user: string, accessToken?: string, pass?: string}} credentials
 * @param {{name: string, email: string}} account whose mail it is.
 * @param {object} mail recipients, subject and text.
 */
async function send({ host, port }, credentials, { name, email }, { to, cc, bcc, subject, text, html }) {
  const auth = credentials.accessToken ? { type: 'OAuth2', ...credentials } : credentials;
  const transport = nodemailer.createTransport({ host, port, requireTLS: true, auth });
  try {
    return await transport.sendMail({
      from: { name, address: email }, to, cc, bcc, subject, text, html,
      // A caller's text is never the name of a file or an address to fetch.
      disableFileAccess: true, disableUrlAccess: true,
    });
  } finally {
    transport.close();
  }
}

module.exports = { send };
