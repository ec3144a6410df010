// Signs in at Microsoft for a cloud provider: a person once, with the authorization code grant; afterwards its refresh token.

const OUTLOOK = 'https://outlook.office365.com';
// The permissions that the product needs, as XCALLY lists them.
const SCOPE = `${OUTLOOK}/IMAP.AccessAsUser.All ${OUTLOOK}/SMTP.Send offline_access openid profile email`;

/** Microsoft's refusal, in its words. */
class Refused extends Error {}

class Microsoft {
  /**
   * @param {object} settings with the authority.
   * @param {import('./storage').Table} providers the cloud providers; what a sign-in has brought is kept in their rows.
   * @param {import('./log').Log} log
   */
  constructor({ authority }, providers, log) {
    this.authority = authority;
    this.providers = providers;
    this.log = log;
  }

  /** Where a person signs in for a provider. */
  authorizationUrl(provider, state) {
    const query = new URLSearchParams({
      client_id: provider.applicationId, response_type: 'code', redirect_uri: provider.redirectUri, scope: SCOPE, state,
    });
    return `${this.#address(provider, 'authorize')}?${query}`;
  }

  /**
   * Redeem the code of a sign-in, and keep what it brings.
   *
   * @throws {Refused}
   */
  async redeem(provider, code) {
    const tokens = await this.#tokens(provider, {
      grant_type: 'authorization_code', code, redirect_uri: provider.redirectUri,
    });
    const person = claims(tokens.id_token).preferred_username;
    this.providers.update(provider, {
      authenticated: true, authenticatedAt: new Date().toISOString(), person, refreshToken: tokens.refresh_token,
    });
    this.log.info(`${person} has signed in for the cloud provider ${provider.name}`);
  }

  /**
   * An access token of the person who has signed in for a provider. It is not kept: a new secret, a password that was
   * changed and a consent that was taken away count at once.
   *
   * @throws {Refused}
   */
  async accessToken(provider) {
    if (!provider.authenticated) throw new Refused(`Nobody has signed in for the cloud provider ${provider.name}`);
    const { access_token: token, refresh_token: refreshToken } = await this.#tokens(provider, {
      grant_type: 'refresh_token', refresh_token: provider.refreshToken, scope: SCOPE,
    });
    this.providers.update(provider, { refreshToken });
    return token;
  }

  async #tokens(provider, grant) {
    const answer = await fetch(this.#address(provider, 'token'), {
      method: 'POST',
      body: new URLSearchParams({ client_id: provider.applicationId, client_secret: provider.clientSecret, ...grant }),
    });
    const content = await answer.json();
    this.log.debug(`Microsoft answers a ${grant.grant_type} of the cloud provider ${provider.name} with ${answer.status}`);
    if (!answer.ok) throw new Refused(content.error_description);
    return content;
  }

  #address(provider, endpoint) {
    return `${this.authority}/${encodeURIComponent(provider.tenantId)}/oauth2/v2.0/${endpoint}`;
  }
}

function claims(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
}

module.exports = { Microsoft, Refused };
