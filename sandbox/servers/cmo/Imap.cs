using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;

/// <summary>Receiving by IMAP, with a password or Google's tokens.</summary>
public static class Imap
{
    private const string Section = "Imap.";

    public static string[] Senders(Mailbox mailbox, string subject)
    {
        var ssl = mailbox.IsTrue("Imap.UseSSL");
        using (var dialogue = new Dialogue(mailbox.Required("Imap.Server"), ssl, 143, 993, port => port != 143))
        {
            dialogue.Hear();
            if (ssl && !dialogue.IsEncrypted)
            {
                Ask(dialogue, "STARTTLS");
                dialogue.Encrypt();
            }
            Ask(dialogue, mailbox[Section + "AuthType"] == "GoogleOAuth2"
                ? $"AUTHENTICATE XOAUTH2 {Google.Answer(mailbox, Section)}"
                : $"LOGIN {Quoted(mailbox.Required(Section + "Login"))} {Quoted(mailbox.Required(Section + "Password"))}");
            Ask(dialogue, "SELECT INBOX");
            var found = Ask(dialogue, $"SEARCH SUBJECT {Quoted(subject)}").First(line => line.StartsWith("* SEARCH"));
            return Regex.Matches(found, "\\d+").Cast<Match>().Select(match => Sender(dialogue, match.Value)).ToArray();
        }
    }

    private static string Sender(Dialogue dialogue, string number)
    {
        var header = Ask(dialogue, $"FETCH {number} BODY.PEEK[HEADER.FIELDS (FROM)]");
        return Regex.Match(string.Join("\n", header), "[^\\s<]+@[^\\s>]+").Value;
    }

    private static List<string> Ask(Dialogue dialogue, string command)
    {
        dialogue.Say($"a {command}");
        var lines = new List<string>();
        for (var line = dialogue.Hear(); ; line = dialogue.Hear())
        {
            if (line.StartsWith("a OK"))
                return lines;
            if (line.StartsWith("a "))
                throw new IOException($"{command.Split(' ')[0]}: {line.Substring(2)}");
            // The refusal comes in the challenge's answer, for which Gmail wants an empty line.
            if (line.StartsWith("+"))
                dialogue.Say("");
            lines.Add(line);
        }
    }

    private static string Quoted(string text)
    {
        return $"\"{text.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"";
    }
}
