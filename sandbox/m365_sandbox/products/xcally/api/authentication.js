// The API's callers sign in with HTTP Basic.
const crypto = require('node:crypto');

/** Whether a name and a password are the administrator's. */
function isAdministrator(administrator, name, password) {
  const [given, right] = [`${name}\0${password}`, `${administrator.name}\0${administrator.password}`]
    .map(text => crypto.createHash('sha256').update(text).digest());
  return crypto.timingSafeEqual(given, right);
}

/** Lets nobody else through. */
function basic(administrator) {
  return (request, response, next) => {
    const [scheme, credentials = ''] = (request.get('Authorization') ?? '').split(' ');
    const [name, ...password] = Buffer.from(credentials, 'base64').toString().split(':');
    if (scheme.toLowerCase() === 'basic' && isAdministrator(administrator, name, password.join(':'))) next();
    else response.status(401).set('WWW-Authenticate', 'Basic realm="Motion"').json({ message: 'Unauthorized' });
  };
}

module.exports = { basic, isAdministrator };
