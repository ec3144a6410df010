// Sends a mail of an account: POST /api/mail/accounts/ID/send.
const { Router } = require('express');

/**
 * @param {import('../storage').Table} accounts
 * @param {import('../mail/mailroom').Mailroom} mailroom
 */
function sending(accounts, mailroom) {
  const router = Router({ mergeParams: true });
  router.post('/', async (request, response) => {
    const account = accounts.find(Number(request.params.id));
    if (!account) {
      response.status(404).json({ message: 'Not Found' });
      return;
    }
    const { messageId, accepted, rejected, response: answer } = await mailroom.send(account, request.body ?? {});
    response.json({ messageId, accepted, rejected, response: answer });
  });
  return router;
}

module.exports = { sending };
