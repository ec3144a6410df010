// What the server is started with. Microsoft's hosts are fixed in the product; the sandbox's stand in their place.

function needed(name) {
  const value = process.env[name];
  if (!value) throw new Error(`$${name} is missing; start the server with: m365-sandbox serve`);
  return value;
}

const settings = {
  port: Number(needed('M365_SANDBOX_SERVER_PORT')),
  certificate: needed('M365_SANDBOX_SERVER_CERTIFICATE'),
  key: needed('M365_SANDBOX_SERVER_KEY'),
  folder: needed('M365_SANDBOX_SERVER_FOLDER'),
  // How many contact lists there are at least.
  lists: Number(process.env.M365_SANDBOX_SERVER_LISTS || 1),
  administrator: {
    name: needed('M365_SANDBOX_SERVER_USERNAME'),
    password: needed('M365_SANDBOX_SERVER_PASSWORD'),
  },
  // https://login.microsoftonline.com
  authority: needed('AZURE_AUTHORITY_HOST').replace(/\/$/, ''),
  // smtp.office365.com:587 and outlook.office365.com:993
  smtp: { host: needed('M365_SANDBOX_HOST'), port: Number(needed('M365_SANDBOX_SMTP_PORT')) },
  imap: { host: needed('M365_SANDBOX_HOST'), port: Number(needed('M365_SANDBOX_IMAP_PORT')) },
};

module.exports = { settings };
