// Renders a page of this folder.
const fs = require('node:fs');
const path = require('node:path');

const mustache = require('mustache');

const read = name => fs.readFileSync(path.join(__dirname, `${name}.mustache`), 'utf8');
const frame = read('frame');

/**
 * @param {string} name of the file.
 * @param {{title: string, error?: string}} view what stands on it, and what went wrong.
 */
function page(name, view) {
  return mustache.render(frame, view, { content: read(name) });
}

module.exports = { page };
