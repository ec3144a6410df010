"""A Windows host's WinRM service, as far as pywinrm speaks it: shells that run PowerShell.

Facts: [MS-WSMV], and the messages that pywinrm 0.5 sends and reads.
"""
