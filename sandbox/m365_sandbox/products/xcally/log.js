// Motion's log files of mail, one a day: email-combined.DATE.log has everything, email-error.DATE.log the errors.
const fs = require('node:fs');
const path = require('node:path');

const dotenv = require('dotenv');

class Log {
  /**
   * @param {string} folder where the files are.
   * @param {string} environmentFile .env, whose XC_DEBUG_LEVEL says whether debugging messages are written.
   */
  constructor(folder, environmentFile) {
    this.folder = folder;
    this.environmentFile = environmentFile;
    fs.mkdirSync(folder, { recursive: true });
    this.configure();
  }

  /** Read .env anew. */
  configure() {
    const text = fs.existsSync(this.environmentFile) ? fs.readFileSync(this.environmentFile) : '';
    this.debugs = dotenv.parse(text).XC_DEBUG_LEVEL?.toUpperCase() === 'DEBUG';
    this.info(`Motion has started with XC_DEBUG_LEVEL ${this.debugs ? 'DEBUG' : 'INFO'}`);
  }

  debug(message) {
    if (this.debugs) this.#write('combined', 'debug', message);
  }

  info(message) {
    this.#write('combined', 'info', message);
  }

  error(message) {
    this.#write('combined', 'error', message);
    this.#write('error', 'error', message);
  }

  #write(kind, level, message) {
    const now = new Date().toISOString();
    fs.appendFileSync(path.join(this.folder, `email-${kind}.${now.slice(0, 10)}.log`), `${now} ${level}: ${message}\n`);
  }
}

module.exports = { Log };
