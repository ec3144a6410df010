// The server's addresses: the API, its description, and the pages.
const express = require('express');

const { apidoc } = require('./api/apidoc');
const { basic } = require('./api/authentication');
const { objects } = require('./api/objects');
const { sending } = require('./api/sending');
const { Invalid } = require('./api/validation');
const { OBJECTS } = require('./models');
const { pages } = require('./pages/pages');

function application(settings, storage, microsoft, mailroom, log) {
  const lists = storage.table('lists');
  while (lists.rows.length < settings.lists) {
    lists.insert({ name: lists.rows.length ? `List ${lists.rows.length + 1}` : 'Default', description: null });
  }
  const app = express();
  app.disable('x-powered-by');
  app.use('/apidoc', apidoc());
  // Among them is an address below /api, to which Microsoft sends the person back.
  app.use(pages(settings, storage.table('cloudProviders'), microsoft));
  app.use('/api', basic(settings.administrator), express.json());
  app.use('/api/mail/accounts/:id/send', sending(storage.table('mailAccounts'), mailroom));
  for (const model of OBJECTS) app.use(`/api${model.url}`, objects(model, storage));
  app.use((request, response) => response.status(404).json({ message: 'Not Found' }));
  app.use((error, request, response, next) => {
    if (error instanceof Invalid) response.status(422).json({ message: error.message, errors: error.errors });
    else {
      const status = error.status ?? 500;
      if (status >= 500) log.error(`${request.method} ${request.originalUrl}: ${error.message}`);
      response.status(status).json({ message: error.message });
    }
  });
  return app;
}

module.exports = { application };
