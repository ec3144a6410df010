'use strict';

// Settings of this installation. What is not here comes from default.js.
const path = require('path');

const mode = process.env.NODE_ENV === 'development' ? 'debug' : 'info';

module.exports = {
  server: {
    host: '0.0.0.0',
    port: 3000,
    publicUrl: `https://${process.env.TAS_HOST || 'assistant.contoso.example'}/`,
  },
  database: {
    url: process.env.TAS_DATABASE_URL,
    poolSize: 10, // per worker
  },
  log: { level: mode, folder: path.join(__dirname, 'logs'), ignore: [/^\/health/, /\/(ping|pong)$/] },
  mail: {
    // Until now through the old relay, with a password.
    smtp: {
      type: 'basic',
      host: 'mail.contoso.example',
      port: 25,
      auth: {
        user: 'assistant',
        pass: 'old-relay-password',
      },
      pool: true, // keep connections open
    },
    from: 'assistant@contoso.example',
    footer: "Sent by the team assistant; don't reply.",
  },
  holidays: ['2026-12-25', '2026-12-26'],
};
