// Motion describes its API at /apidoc, made by apiDoc; this is what apiDoc's pages read.
const { Router } = require('express');

function fields(model, chosen) {
  return Object.entries(model.fields).filter(([, field]) => chosen(field)).map(([name, { type, required, about }]) => ({
    group: 'Parameter', type, optional: !required, field: name, description: `<p>${about}</p>`,
  }));
}

function entry(model, type, url, title, parameters, answers) {
  return {
    type,
    url: `/api${url}`,
    title,
    name: `${title}${model.name}`.replaceAll(' ', ''),
    group: model.group,
    version: '0.0.0',
    ...(parameters && { parameter: { fields: { Parameter: parameters } } }),
    ...(answers && { success: { fields: { 'Success 200': answers.map(one => ({ ...one, group: 'Success 200' })) } } }),
    filename: `server/api/${model.name}/index.js`,
    groupTitle: model.group.replaceAll('_', ' '),
  };
}

function described(model) {
  const id = { group: 'Parameter', type: 'Number', optional: false, field: 'id', description: '<p>The id</p>' };
  const written = fields(model, field => !field.fixed);
  const answers = [id, ...fields(model, field => !field.hidden)];
  const one = `${model.url}/{id}`;
  const reading = [
    entry(model, 'get', model.url, 'Gets a list of', undefined, answers),
    entry(model, 'get', one, 'Gets a single', [id], answers),
  ];
  if (!written.length) return reading;
  return [
    ...reading,
    entry(model, 'post', model.url, 'Creates a new', written, answers),
    entry(model, 'put', one, 'Updates an existing', [id, ...written], answers),
    entry(model, 'delete', one, 'Deletes a', [id]),
  ];
}

/** The routes below /apidoc. Nobody has to sign in for them. */
function apidoc(models) {
  const router = Router();
  router.get('/api_data.json', (request, response) => response.json(models.flatMap(described)));
  router.get('/api_project.json', (request, response) => {
    response.json({ name: 'Motion', version: '0.0.0', description: 'The API of Motion', url: '', apidoc: '0.3.0' });
  });
  return router;
}

module.exports = { apidoc };
