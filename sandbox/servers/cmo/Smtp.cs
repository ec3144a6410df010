using System.IO;
using System.Net;
using System.Net.Mail;

/// <summary>
/// Sending by SMTP. With a user and a password, or without, System.Net.Mail does it, which knows STARTTLS alone of the
/// ways to use TLS; it knows no tokens.
/// </summary>
public static class Smtp
{
    private const string Section = "Smtp.";

    public static void Send(Mailbox mailbox, string from, string to, string subject, string text)
    {
        if (mailbox.IsTrue("Smtp.UseAuth") && mailbox["Smtp.AuthType"] == "GoogleOAuth2")
        {
            SendByGoogle(mailbox, to, subject, text);
            return;
        }
        var server = mailbox.Required("Smtp.Server").Split(':');
        using (var client = new SmtpClient(server[0], server.Length > 1 ? int.Parse(server[1]) : 25))
        {
            client.EnableSsl = mailbox.IsTrue("Smtp.UseSsl");
            if (mailbox.IsTrue("Smtp.UseAuth"))
                client.Credentials = new NetworkCredential(
                    mailbox.Required("Smtp.Login"), mailbox.Required("Smtp.Password"));
            client.Send(from, to, subject, text);
        }
    }

    private static void SendByGoogle(Mailbox mailbox, string to, string subject, string text)
    {
        var ssl = mailbox.IsTrue("Smtp.UseSsl");
        var from = mailbox.Required("Smtp.GoogleOAuth2.GsuiteUser");
        using (var dialogue = new Dialogue(mailbox.Required("Smtp.Server"), ssl, 25, 587, port => port == 465))
        {
            Answer(dialogue, "");
            Ask(dialogue, "EHLO cmo.example");
            if (ssl && !dialogue.IsEncrypted)
            {
                Ask(dialogue, "STARTTLS");
                dialogue.Encrypt();
                Ask(dialogue, "EHLO cmo.example");
            }
            Ask(dialogue, $"AUTH XOAUTH2 {Google.Answer(mailbox, Section)}");
            Ask(dialogue, $"MAIL FROM:<{from}>");
            Ask(dialogue, $"RCPT TO:<{to}>");
            Ask(dialogue, "DATA");
            Ask(dialogue, $"From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\n\r\n{text}\r\n.");
            Ask(dialogue, "QUIT");
        }
    }

    private static void Ask(Dialogue dialogue, string command)
    {
        dialogue.Say(command);
        Answer(dialogue, command);
    }

    private static void Answer(Dialogue dialogue, string command)
    {
        var line = dialogue.Hear();
        while (line.Length > 3 && line[3] == '-')
            line = dialogue.Hear();
        // The refusal comes in the challenge's answer, for which Gmail wants an empty line.
        if (line.StartsWith("334"))
            Ask(dialogue, "");
        else if (line[0] != '2' && line[0] != '3')
            throw new IOException($"{command.Split(' ')[0]}: {line}");
    }
}
