# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How Node.js loads a CommonJS module, to prove that it exports the settings which were written into it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.server import Load

# Loads a CommonJS module as its product does, and fails unless it exports the wanted settings.
_LOAD = """
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
  console.error(`Error: ${file} does not export what was written: ${different.join(', ')}`);
  process.exit(1);
}
"""


def load_of(path: str, settings: Mapping[str, Any], variables: Iterable[str], program: str = "node") -> Load:
    """What loads the module.

    :param settings: as the format commonjs wants them.
    :param variables: the environment variables that the module refers to. Their values do not matter, so no secret is
        handed out: each is its own name.
    """
    return Load(
        path, [program, "-e", _LOAD, path, json.dumps(settings)], [program, "--check", path],
        {name: name for name in variables},
    )
