// Loads a CommonJS module as its product does, and fails unless it exports the wanted settings.
const [file, settings] = process.argv.slice(1);
const isObject = value => value !== null && typeof value === 'object';
const meaning = value =>
  Array.isArray(value) ? value.map(meaning).join('') : isObject(value) ? process.env[value.environment] : value;
const differing = (found, wanted, path) =>
  Object.entries(wanted).flatMap(([name, value]) => {
    const place = [...path, name];
    if (isObject(value) && !Array.isArray(value) && !('environment' in value)) {
      return differing(isObject(found) ? found[name] : undefined, value, place);
    }
    const exported = isObject(found) ? found[name] : undefined;
    return exported === (value === null ? undefined : meaning(value)) ? [] : [place.join('.')];
  });
const different = differing(require(require('path').resolve(file)), JSON.parse(settings), []);
if (different.length > 0) {
  console.error(`${file} does not export what was written: ${different.join(', ')}`);
  process.exit(1);
}
