// What Motion keeps in its database: tables of rows with ids, here in one file that nobody else may read.
const fs = require('node:fs');

class Table {
  constructor(content, save) {
    this.content = content;
    this.save = save;
  }

  /** All rows, by id. */
  get rows() {
    return this.content.rows;
  }

  /** The row of an id; undefined if there is none. */
  find(id) {
    return this.rows.find(row => row.id === id);
  }

  /** Add a row; gives it back with its id. */
  insert(values) {
    const now = new Date().toISOString();
    const row = { id: this.content.next++, ...values, createdAt: now, updatedAt: now };
    this.rows.push(row);
    this.save();
    return row;
  }

  /** Change some values of a row. */
  update(row, changes) {
    Object.assign(row, changes, { updatedAt: new Date().toISOString() });
    this.save();
  }

  /** Take a row away. */
  remove(row) {
    this.content.rows = this.rows.filter(one => one !== row);
    this.save();
  }
}

class Storage {
  /** @param {string} file where it is kept; it need not be there yet. */
  constructor(file) {
    this.file = file;
    this.content = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
  }

  /** The table of a name. */
  table(name) {
    this.content[name] ??= { next: 1, rows: [] };
    return new Table(this.content[name], () => this.#save());
  }

  #save() {
    fs.writeFileSync(`${this.file}.new`, JSON.stringify(this.content, null, 1), { mode: 0o600 });
    fs.renameSync(`${this.file}.new`, this.file);
  }
}

module.exports = { Storage };
