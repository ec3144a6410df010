"""Warnings that several nouns share, as recorded."""

from __future__ import annotations


def not_modified(identity: str) -> str:
    """After a Set cmdlet that changed nothing."""
    return f"The command completed successfully but no settings of '{identity}' have been modified."


def entry_present(dn: str, account: str) -> str:
    """After adding a right that is there."""
    return f'The appropriate access control entry is already present on the object "{dn}" for account "{account}".'


def more_results() -> str:
    """When ResultSize cuts the list."""
    return (
        "There are more results available than are currently displayed. To view them, increase the value for the "
        "ResultSize parameter."
    )
