// What a body may say of an object. That Motion refuses in the shape of Sequelize, and like it leaves out without a word
// what it does not know, is an assumption.

class Invalid extends Error {
  /** @param {{message: string, type: string, path: string, value: unknown}[]} errors what is wrong, field by field. */
  constructor(errors) {
    super(errors.map(error => error.message).join(',\n'));
    this.errors = errors;
  }
}

/**
 * The values of a body that count.
 *
 * @param {object} model see models.js.
 * @param {object} body what was sent.
 * @param {object|undefined} row the object as it is; none when it is made.
 * @param {(name: string) => import('../storage').Table} table the table of a name.
 * @throws {Invalid}
 */
function accepted(model, body, row, table) {
  const given = {};
  const errors = [];
  for (const [path, field] of Object.entries(model.fields)) {
    if (field.fixed || (row && !(path in body))) continue;
    const value = path in body ? body[path] : field.default ?? null;
    const problem = refused(model, path, field, value, row, table);
    if (problem) errors.push({ ...problem, path, value: field.hidden ? null : value });
    given[path] = value;
  }
  if (errors.length) throw new Invalid(errors);
  return given;
}

function refused(model, path, field, value, row, table) {
  if (value === null || value === '') {
    return field.required && { message: `${model.name}.${path} cannot be null`, type: 'notNull Violation' };
  }
  if (typeof value !== field.type.toLowerCase()) {
    return { message: `${path} is no ${field.type.toLowerCase()}`, type: `${field.type.toLowerCase()} violation` };
  }
  if (value.length > field.longest) return failed('len', path);
  if (field.values && !field.values.includes(value)) return failed('isIn', path);
  if (field.refers && !table(field.refers).find(value)) {
    return { message: `${path} refers to no row of ${field.refers}`, type: 'foreign key violation' };
  }
  if (field.unique && table(model.table).rows.some(one => one !== row && one[path] === value)) {
    return { message: `${path} must be unique`, type: 'unique violation' };
  }
  return undefined;
}

function failed(rule, path) {
  return { message: `Validation ${rule} on ${path} failed`, type: 'Validation error' };
}

module.exports = { Invalid, accepted };
