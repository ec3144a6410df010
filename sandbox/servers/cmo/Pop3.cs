using System.Collections.Generic;
using System.IO;
using System.Text.RegularExpressions;

/// <summary>Receiving by POP3, with a password or Google's tokens.</summary>
public static class Pop3
{
    private const string Section = "Pop3.";

    public static string[] Senders(Mailbox mailbox, string subject)
    {
        var ssl = mailbox.IsTrue("Pop3.UseSSL");
        using (var dialogue = new Dialogue(mailbox.Required("Pop3.Server"), ssl, 110, 995, port => port != 110))
        {
            Answer(dialogue, "");
            if (ssl && !dialogue.IsEncrypted)
            {
                Ask(dialogue, "STLS");
                dialogue.Encrypt();
            }
            if (mailbox[Section + "AuthType"] == "GoogleOAuth2")
                Ask(dialogue, $"AUTH XOAUTH2 {Google.Answer(mailbox, Section)}");
            else
            {
                Ask(dialogue, $"USER {mailbox.Required(Section + "Login")}");
                Ask(dialogue, $"PASS {mailbox.Required(Section + "Password")}");
            }
            var senders = new List<string>();
            for (var number = int.Parse(Ask(dialogue, "STAT").Split(' ')[1]); number > 0; number--)
            {
                var head = Head(dialogue, number);
                if (Regex.IsMatch(head, $"^Subject: {Regex.Escape(subject)}$", RegexOptions.Multiline))
                    senders.Add(Regex.Match(head, "^From:.*?([^\\s<]+@[^\\s>]+)", RegexOptions.Multiline).Groups[1].Value);
            }
            Ask(dialogue, "QUIT");
            return senders.ToArray();
        }
    }

    private static string Head(Dialogue dialogue, int number)
    {
        Ask(dialogue, $"TOP {number} 0");
        var lines = new List<string>();
        for (var line = dialogue.Hear(); line != "."; line = dialogue.Hear())
            lines.Add(line);
        return string.Join("\n", lines);
    }

    private static string Ask(Dialogue dialogue, string command)
    {
        dialogue.Say(command);
        return Answer(dialogue, command);
    }

    private static string Answer(Dialogue dialogue, string command)
    {
        var answer = dialogue.Hear();
        // The refusal comes in the challenge's answer, for which Gmail wants an empty line.
        if (answer.StartsWith("+ "))
            return Ask(dialogue, "");
        if (!answer.StartsWith("+OK"))
            throw new IOException($"{command.Split(' ')[0]}: {answer}");
        return answer;
    }
}
