using System;
using System.Collections.Specialized;

/// <summary>One of the four mailboxes, as its settings describe it.</summary>
public sealed class Mailbox
{
    private const string Receiving = "Mail.Receiving.";
    private readonly NameValueCollection settings;
    private readonly string prefix;
    private readonly bool inherits;

    /// <param name="name">sending, receiving, new_action or document_import</param>
    public Mailbox(NameValueCollection settings, string name)
    {
        this.settings = settings;
        switch (name)
        {
            case "sending": prefix = "Mail.Sending."; break;
            case "receiving": prefix = Receiving; break;
            case "new_action": prefix = "Mail.NewAction.EmailClient."; inherits = true; break;
            case "document_import": prefix = "Mail.DocumentImport.EmailClient."; inherits = true; break;
            default: throw new ArgumentException($"there is no mailbox {name}");
        }
    }

    /// <summary>
    /// A setting, null if there is none. The two further mailboxes say it without its protocol, and have the one of the
    /// receiving mailbox where they say nothing.
    /// </summary>
    public string this[string name]
    {
        get
        {
            var own = inherits ? name.Replace("Imap.", "").Replace("Pop3.", "") : name;
            return settings[prefix + own] ?? (inherits ? settings[Receiving + name] : null);
        }
    }

    /// <summary>Who signs in, or whose mailbox it is: an address, or the id of a user.</summary>
    public string Account
    {
        get
        {
            var type = Required("ServerType");
            if (type == "Microsoft365")
                return Required("Microsoft365.ConfidentialApp.UserObjectId");
            var section = type == "IMAP" ? "Imap." : "Pop3.";
            return Required(section + (this[section + "AuthType"] == "GoogleOAuth2" ? "GoogleOAuth2.GsuiteUser" : "Login"));
        }
    }

    public string Required(string name)
    {
        return this[name] ?? throw new ArgumentException($"{prefix}{name} is missing");
    }

    public bool IsTrue(string name)
    {
        return "True".Equals(this[name], StringComparison.OrdinalIgnoreCase);
    }
}
