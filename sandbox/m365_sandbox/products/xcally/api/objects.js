// The routes of one kind of object: list, read, make, change, take away.
const { Router } = require('express');

const { OBJECTS } = require('../models');
const { accepted } = require('./validation');

const PAGE = 100;

/** An object as it is given back: never with a hidden field, nor with what only the server knows. */
function shown(model, row) {
  const fields = Object.entries(model.fields).filter(([, field]) => !field.hidden);
  const values = fields.map(([name, field]) => [name, row[name] ?? field.default ?? null]);
  return { id: row.id, ...Object.fromEntries(values), createdAt: row.createdAt, updatedAt: row.updatedAt };
}

/** A page of rows: ?FIELD=value&sort=-FIELD&limit=&offset=, of what is given back alone. */
function listed(rows, { limit = PAGE, offset = 0, sort = 'id', ...wanted }) {
  const found = rows.filter(row => Object.entries(wanted).every(([name, value]) => String(row[name]) === value));
  const field = sort.replace(/^-/, '');
  const order = field === sort ? 1 : -1;
  found.sort((one, other) => order * compared(one[field], other[field]));
  return { count: found.length, rows: found.slice(Number(offset), Number(offset) + Number(limit)) };
}

function compared(one, other) {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  return String(one).localeCompare(String(other));
}

/** Clear what refers to a row that is taken away, as the database does. */
function forget(model, row, tableOf) {
  for (const { table, fields } of OBJECTS) {
    for (const [name] of Object.entries(fields).filter(([, field]) => field.refers === model.table)) {
      for (const one of tableOf(table).rows.filter(other => other[name] === row.id)) {
        tableOf(table).update(one, { [name]: null });
      }
    }
  }
}

/**
 * @param {object} model see models.js.
 * @param {import('../storage').Storage} storage
 */
function objects(model, storage) {
  const router = Router();
  const tableOf = name => storage.table(name);
  const table = tableOf(model.table);

  router.param('id', (request, response, next, id) => {
    request.row = table.find(Number(id));
    if (request.row) next();
    else response.status(404).json({ message: 'Not Found' });
  });

  router.get('/', (request, response) => {
    response.json(listed(table.rows.map(row => shown(model, row)), request.query));
  });
  router.get('/:id', (request, response) => {
    response.json(shown(model, request.row));
  });
  if (Object.values(model.fields).every(field => field.fixed)) return router;

  router.post('/', (request, response) => {
    const row = table.insert(accepted(model, request.body ?? {}, undefined, tableOf));
    response.status(201).json(shown(model, row));
  });
  router.put('/:id', (request, response) => {
    const changes = accepted(model, request.body ?? {}, request.row, tableOf);
    table.update(request.row, { ...changes, ...model.afterwards?.(request.row, changes) });
    response.json(shown(model, request.row));
  });
  router.delete('/:id', (request, response) => {
    table.remove(request.row);
    forget(model, request.row, tableOf);
    response.sendStatus(204);
  });
  return router;
}

module.exports = { objects };
