"""PowerShell for machines that have none: a stand-in that answers as PowerShell 7.6.5 was recorded to answer.

It runs one script only, the collection's session script, and knows one module, the sandbox's ExchangeOnlineManagement.
Where there is a real ``pwsh``, that runs the same script with the same module instead (see ``engine``).
"""
