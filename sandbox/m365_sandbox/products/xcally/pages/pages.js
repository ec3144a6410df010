// What an administrator sees: logging in, the cloud providers, and "Authenticate".
const crypto = require('node:crypto');

const express = require('express');
const session = require('express-session');

const { isAdministrator } = require('../api/authentication');
const { Refused } = require('../microsoft');
const { page } = require('./page');

const CALLBACK = '/api/cloudProviders/oauth2/microsoft/callback';

/**
 * @param {object} settings
 * @param {import('../storage').Table} providers
 * @param {import('../microsoft').Microsoft} microsoft
 */
function pages({ administrator, port }, providers, microsoft) {
  const router = express.Router();
  // Cookies know no ports: another server of this machine has the same ones.
  router.use(session({
    name: `motion-${port}`, secret: crypto.randomUUID(), resave: false, saveUninitialized: false,
    cookie: { secure: true, sameSite: 'lax' },
  }));
  const loggedIn = (request, response, next) => {
    if (request.session.administrator) next();
    else response.redirect(303, `/login?${new URLSearchParams({ next: request.originalUrl })}`);
  };

  router.param('id', (request, response, next, id) => {
    request.provider = providers.find(Number(id));
    if (request.provider) next();
    else response.status(404).send(page('message', { title: 'Not found', error: 'There is no such cloud provider.' }));
  });

  router.get('/login', (request, response) => {
    response.send(page('login', { title: 'Login', next: inside(request.query.next) }));
  });
  router.post('/login', express.urlencoded({ extended: false }), (request, response) => {
    const { username, password, next } = request.body ?? {};
    if (isAdministrator(administrator, username, password)) {
      request.session.regenerate(() => {
        request.session.administrator = true;
        response.redirect(303, inside(next));
      });
    } else {
      const error = 'Wrong username or password.';
      response.status(401).send(page('login', { title: 'Login', next: inside(next), error }));
    }
  });

  router.get('/', (request, response) => response.redirect(303, '/cloudProviders'));
  router.get('/cloudProviders', loggedIn, (request, response) => {
    response.send(page('providers', { title: 'Cloud Providers', providers: providers.rows }));
  });
  router.get('/cloudProviders/:id', loggedIn, (request, response) => {
    response.send(page('provider', { title: request.provider.name, ...request.provider }));
  });
  router.post('/cloudProviders/:id/authenticate', loggedIn, (request, response) => {
    const state = crypto.randomUUID();
    request.session.asked = { state, id: request.provider.id };
    response.redirect(303, microsoft.authorizationUrl(request.provider, state));
  });
  router.get(CALLBACK, loggedIn, async (request, response) => {
    const { code, state, error_description: refusal } = request.query;
    const provider = providers.find(request.session.asked?.id);
    const refuse = error => {
      response.status(400).send(page('message', { title: 'Not authenticated', error, id: provider?.id }));
    };
    if (!provider || state !== request.session.asked.state) {
      refuse('The state is not the one of this sign-in. Press "Authenticate" again.');
    } else if (refusal || !code) {
      refuse(refusal ?? 'Microsoft sent no code.');
    } else {
      try {
        await microsoft.redeem(provider, code);
        response.redirect(303, `/cloudProviders/${provider.id}`);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        refuse(error.message);
      }
    }
  });
  return router;
}

/** A path of this server, whatever a link says. */
function inside(next) {
  return typeof next === 'string' && /^\/(?![/\\])/.test(next) ? next : '/cloudProviders';
}

module.exports = { pages };
