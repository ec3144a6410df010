// The objects of the API, each with its fields: what is taken, what is given back, and what /apidoc says of them.
//
// XCALLY names the fields of its forms, and no public source the names in JSON: they are assumptions, but for ListId, for
// which XCALLY's own examples have it. `url` is below /api; `table` the table of the rows.
//
// A field: type (String, Number or Boolean), required, unique, longest, values (the only ones), refers (the table whose
// row's id it is), hidden (written, never given back) and fixed (given back, never written).

const CLOUD_PROVIDER = {
  name: 'CloudProvider',
  group: 'Cloud_Providers',
  url: '/cloudProviders',
  table: 'cloudProviders',
  fields: {
    name: { type: 'String', required: true, unique: true, about: 'The name of the provider' },
    service: { type: 'String', required: true, values: ['Microsoft Azure'], about: 'Whose service it is' },
    type: { type: 'String', required: true, values: ['Outlook365'], about: 'The kind of the service' },
    applicationId: { type: 'String', required: true, about: 'Application (client) ID' },
    tenantId: { type: 'String', required: true, about: 'Directory (tenant) ID' },
    clientSecret: { type: 'String', required: true, hidden: true, about: 'The value of the client secret' },
    redirectUri: { type: 'String', required: true, about: 'Where Microsoft sends the person who has signed in' },
    authenticated: { type: 'Boolean', fixed: true, default: false, about: 'Whether somebody has signed in' },
    authenticatedAt: { type: 'String', fixed: true, about: 'When' },
  },
  /** What a change means for a sign-in: tokens belong to one application of one tenant. */
  afterwards: (row, changes) => (
    ['applicationId', 'tenantId'].some(field => field in changes && changes[field] !== row[field])
      ? { authenticated: false, authenticatedAt: null, person: null, refreshToken: null } : {}
  ),
};

const MAIL_ACCOUNT = {
  name: 'MailAccount',
  group: 'Mail_Accounts',
  url: '/mail/accounts',
  table: 'mailAccounts',
  fields: {
    name: { type: 'String', required: true, unique: true, about: 'The name of the account' },
    key: { type: 'String', required: true, unique: true, longest: 5, about: 'The short name on the tabs of agents' },
    email: { type: 'String', required: true, unique: true, about: 'The address in From' },
    ListId: { type: 'Number', required: true, refers: 'lists', about: 'The list that new contacts are saved in' },
    active: { type: 'Boolean', default: true, about: 'Whether mails are received and sent' },
    service: { type: 'String', required: true, values: ['Outlook365'], about: 'The provider of the mailbox' },
    modernAuthentication: { type: 'Boolean', default: false, about: 'Whether a cloud provider signs in' },
    modernAuthenticationEmail: { type: 'String', about: 'Who has access to a shared mailbox and signs in for it' },
    user: { type: 'String', required: true, about: 'The user name: the mailbox' },
    pass: { type: 'String', hidden: true, about: 'The password, without modern authentication' },
    CloudProviderId: { type: 'Number', refers: 'cloudProviders', about: 'The cloud provider that signs in' },
    description: { type: 'String', about: 'A description' },
  },
};

const LIST = {
  name: 'CmList',
  group: 'Cm_Lists',
  url: '/cm/lists',
  table: 'lists',
  fields: {
    name: { type: 'String', required: true, unique: true, about: 'The name of the list' },
    description: { type: 'String', about: 'A brief description' },
  },
};

const MAIL_MESSAGE = {
  name: 'MailMessage',
  group: 'Mail_Messages',
  url: '/mail/messages',
  table: 'messages',
  fields: {
    MailAccountId: { type: 'Number', fixed: true, about: 'The account' },
    direction: { type: 'String', fixed: true, about: 'in or out' },
    from: { type: 'String', fixed: true, about: 'The sender' },
    to: { type: 'String', fixed: true, about: 'The recipients' },
    subject: { type: 'String', fixed: true, about: 'The subject' },
    body: { type: 'String', fixed: true, about: 'The text' },
    messageId: { type: 'String', fixed: true, about: 'Message-ID' },
  },
};

// What a mail is that an account sends.
const MAIL = {
  to: { type: 'String', required: true, about: 'The recipients, with commas between them' },
  cc: { type: 'String', about: 'Those who get a copy' },
  bcc: { type: 'String', about: 'Those who get a copy unseen' },
  subject: { type: 'String', about: 'The subject' },
  text: { type: 'String', about: 'The text' },
  html: { type: 'String', about: 'The text as HTML' },
};

module.exports = { MAIL, MAIL_ACCOUNT, OBJECTS: [CLOUD_PROVIDER, LIST, MAIL_ACCOUNT, MAIL_MESSAGE] };
