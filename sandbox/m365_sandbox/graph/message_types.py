"""The message of Graph v1.0 and what it is made of: every property of the published metadata.

``write``: ``always`` may be set and changed, ``create`` is fixed once the message is there (a draft's too: this mailbox
does not edit drafts), ``never`` is computed; a new message may name such a property, and Graph takes no notice.
"""

from __future__ import annotations

from m365_sandbox.graph.mail_expanding import EXTENDED
from m365_sandbox.state.schema import Complex, Property

DATE_TIME_TIME_ZONE = Complex("dateTimeTimeZone", (Property("dateTime"), Property("timeZone")))
FOLLOWUP_FLAG = Complex("followupFlag", (
    Property("flagStatus", values=("notFlagged", "complete", "flagged")),
    Property("startDateTime", DATE_TIME_TIME_ZONE),
    Property("dueDateTime", DATE_TIME_TIME_ZONE),
    Property("completedDateTime", DATE_TIME_TIME_ZONE),
))
ITEM_BODY = Complex("itemBody", (Property("contentType", values=("text", "html")), Property("content")))
EMAIL_ADDRESS = Complex("emailAddress", (Property("address"), Property("name")))
RECIPIENT = Complex("recipient", (Property("emailAddress", EMAIL_ADDRESS),))
INTERNET_MESSAGE_HEADER = Complex("internetMessageHeader", (Property("name"), Property("value")))
SINGLE_VALUE_PROPERTY = Complex("singleValueLegacyExtendedProperty", (Property("id"), Property("value")))
MULTI_VALUE_PROPERTY = Complex("multiValueLegacyExtendedProperty", (Property("id"), Property("value", collection=True)))
FILE_ATTACHMENT = Complex("fileAttachment", (
    Property("id", write="never"),
    Property("contentType"),
    Property("isInline", "Boolean"),
    Property("lastModifiedDateTime", "DateTimeOffset", write="never"),
    Property("name"),
    Property("size", "Int32", write="never"),
    Property("contentBytes", "Binary"),
    Property("contentId"),
    Property("contentLocation"),
))

MESSAGE = Complex("message", (
    Property("id", write="never"),
    Property("createdDateTime", "DateTimeOffset", write="never"),
    Property("lastModifiedDateTime", "DateTimeOffset", write="never"),
    Property("changeKey", write="never"),
    Property("categories", collection=True),
    Property("receivedDateTime", "DateTimeOffset", write="never"),
    Property("sentDateTime", "DateTimeOffset", write="never"),
    Property("hasAttachments", "Boolean", write="never"),
    Property("internetMessageId", write="create"),
    Property("subject", write="create"),
    Property("bodyPreview", write="never"),
    Property("importance", values=("low", "normal", "high")),
    Property("parentFolderId", write="never"),
    Property("conversationId", write="never"),
    Property("conversationIndex", "Binary", write="never"),
    Property("isDeliveryReceiptRequested", "Boolean"),
    Property("isReadReceiptRequested", "Boolean"),
    Property("isRead", "Boolean"),
    Property("isDraft", "Boolean", write="never"),
    Property("webLink", write="never"),
    Property("inferenceClassification", values=("focused", "other")),
    Property("body", ITEM_BODY, write="create"),
    Property("uniqueBody", ITEM_BODY, write="never"),
    Property("sender", RECIPIENT, write="create"),
    Property("from", RECIPIENT, write="create"),
    Property("toRecipients", RECIPIENT, collection=True, write="create"),
    Property("ccRecipients", RECIPIENT, collection=True, write="create"),
    Property("bccRecipients", RECIPIENT, collection=True, write="create"),
    Property("replyTo", RECIPIENT, collection=True, write="create"),
    Property("flag", FOLLOWUP_FLAG),
    Property("internetMessageHeaders", INTERNET_MESSAGE_HEADER, collection=True, write="create"),
    Property("attachments", FILE_ATTACHMENT, collection=True, write="create"),
    Property("singleValueExtendedProperties", SINGLE_VALUE_PROPERTY, collection=True),
    Property("multiValueExtendedProperties", MULTI_VALUE_PROPERTY, collection=True),
))
# What a mailbox keeps of a message beside the message itself; isRead and the flag are the mailbox's too.
KEPT_BESIDE = (
    "categories", "flag", "importance", "inferenceClassification", "isDeliveryReceiptRequested",
    "isReadReceiptRequested", *EXTENDED,
)
