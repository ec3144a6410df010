"""A stand-in of webMethods Integration Server, as far as its mail goes.

The Administrator API with e-mail ports and the notifications' SMTP server, the administrator's pages on which a person
signs in, a listener for each enabled port that takes the mails of its mailbox, and the services that send. It knows
what it is told by its API, and nothing else of the tenant.
"""
