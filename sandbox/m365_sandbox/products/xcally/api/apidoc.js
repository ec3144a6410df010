// Motion describes its API at /apidoc, made by apiDoc; this is what apiDoc's pages read.
const { Router } = require('express');

const models = require('../models');

const ID = { group: 'Parameter', type: 'Number', optional: false, field: 'id', description: '<p>The id</p>' };

function parameters(fields, chosen = () => true) {
  return Object.entries(fields).filter(([, field]) => chosen(field)).map(([name, { type, required, about }]) => ({
    group: 'Parameter', type, optional: !required, field: name, description: `<p>${about}</p>`,
  }));
}

function entry(model, type, url, title, asked, answers) {
  return {
    type,
    url: `/api${url}`,
    title,
    name: `${title}${model.name}`.replaceAll(' ', ''),
    group: model.group,
    version: '0.0.0',
    ...(asked && { parameter: { fields: { Parameter: asked } } }),
    ...(answers && { success: { fields: { 'Success 200': answers.map(one => ({ ...one, group: 'Success 200' })) } } }),
    filename: `server/api/${model.name}/index.js`,
    groupTitle: model.group.replaceAll('_', ' '),
  };
}

function described(model) {
  const written = parameters(model.fields, field => !field.fixed);
  const answers = [ID, ...parameters(model.fields, field => !field.hidden)];
  const one = `${model.url}/{id}`;
  const reading = [
    entry(model, 'get', model.url, 'Gets a list of', undefined, answers),
    entry(model, 'get', one, 'Gets a single', [ID], answers),
  ];
  if (!written.length) return reading;
  return [
    ...reading,
    entry(model, 'post', model.url, 'Creates a new', written, answers),
    entry(model, 'put', one, 'Updates an existing', [ID, ...written], answers),
    entry(model, 'delete', one, 'Deletes a', [ID]),
  ];
}

const SENDING = entry(models.MAIL_ACCOUNT, 'post', '/mail/accounts/{id}/send', 'Sends a mail of a', [
  ID, ...parameters(models.MAIL),
]);

/** The routes below /apidoc. Nobody has to sign in for them. */
function apidoc() {
  const router = Router();
  const entries = [...models.OBJECTS.flatMap(described), SENDING];
  router.get('/api_data.json', (request, response) => response.json(entries));
  router.get('/api_project.json', (request, response) => {
    response.json({ name: 'Motion', version: '0.0.0', description: 'The API of Motion', url: '', apidoc: '0.3.0' });
  });
  return router;
}

module.exports = { apidoc };
