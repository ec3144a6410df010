using System.Net;
using System.Net.Mail;

/// <summary>System.Net.Mail, which knows a user and a password, and STARTTLS alone of the ways to use TLS.</summary>
public static class Smtp
{
    public static void Send(Mailbox mailbox, string from, string to, string subject, string text)
    {
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
}
