// Sends and receives the mails of all accounts, and keeps them as messages.

const { unseen } = require('./fetch');
const { send } = require('./send');

class Mailroom {
  constructor(settings, storage, microsoft, log) {
    this.settings = settings;
    this.accounts = storage.table('mailAccounts');
    this.providers = storage.table('cloudProviders');
    this.messages = storage.table('messages');
    this.microsoft = microsoft;
    this.log = log;
  }

  /**
   * Send a mail of an account.
   *
   * @param {object} account its row.
   * @param {{to: string, cc?: string, bcc?: string, subject: string, text?: string, html?: string}} mail
   * @returns {Promise<object>} what nodemailer says of it.
   */
  async send(account, mail) {
    const sent = await send(this.settings.smtp, await this.#credentials(account), account, mail);
    this.log.info(`${account.name}: sent ${sent.messageId} to ${mail.to}`);
    this.messages.insert({
      MailAccountId: account.id, direction: 'out', from: account.email, to: mail.to, subject: mail.subject,
      body: mail.text ?? mail.html, messageId: sent.messageId,
    });
    return sent;
  }

  /** Take the mails that nobody has seen from the mailboxes of the active accounts; what fails is logged. */
  async receive() {
    for (const account of this.accounts.rows.filter(one => one.active && this.#canSignIn(one))) {
      try {
        this.log.debug(`${account.name}: looks for mails`);
        for await (const mail of unseen(this.settings.imap, await this.#credentials(account))) {
          this.messages.insert({ MailAccountId: account.id, direction: 'in', ...mail });
          this.log.info(`${account.name}: received ${mail.messageId} from ${mail.from}`);
        }
      } catch (error) {
        this.log.error(`${account.name}: ${error.message}`);
      }
    }
  }

  #canSignIn(account) {
    return !account.modernAuthentication || this.providers.find(account.CloudProviderId)?.authenticated;
  }

  async #credentials(account) {
    if (!account.active) throw new Error(`The account ${account.name} is not active`);
    if (!account.modernAuthentication) return { user: account.user, pass: account.pass };
    const provider = this.providers.find(account.CloudProviderId);
    if (!provider) throw new Error(`The account ${account.name} has no cloud provider`);
    const accessToken = await this.microsoft.accessToken(provider);
    const person = account.modernAuthenticationEmail || account.user;
    if (provider.person.toLowerCase() !== person.toLowerCase()) {
      throw new Error(`${provider.person} has signed in for the cloud provider ${provider.name}, not ${person}`);
    }
    return { user: account.user, accessToken };
  }
}

module.exports = { Mailroom };
