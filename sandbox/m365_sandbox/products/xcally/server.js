// Stands in for XCALLY Motion beside the sandbox; started by __main__.py.
const fs = require('node:fs');
const https = require('node:https');
const path = require('node:path');

const { application } = require('./application');
const { Log } = require('./log');
const { Mailroom } = require('./mail/mailroom');
const { Microsoft } = require('./microsoft');
const { Storage } = require('./storage');
const { settings } = require('./settings');

const POLL_MILLISECONDS = 5000;

const log = new Log(path.join(settings.folder, 'log'), path.join(settings.folder, '.env'));
const storage = new Storage(path.join(settings.folder, 'motion.json'));
const microsoft = new Microsoft(settings, storage.table('cloudProviders'), log);
const mailroom = new Mailroom(settings, storage, microsoft, log);

async function poll() {
  await mailroom.receive();
  setTimeout(poll, POLL_MILLISECONDS).unref();
}

const tls = { cert: fs.readFileSync(settings.certificate), key: fs.readFileSync(settings.key) };
https.createServer(tls, application(settings, storage, microsoft, mailroom, log)).listen(settings.port, '127.0.0.1');

// What a restart of the product is for: it reads its .env only when it starts.
process.on('SIGHUP', () => log.configure());
fs.writeFileSync(path.join(settings.folder, 'motion.pid'), `${process.pid}\n`);
poll();
